"""Following real segments: written by live processes, killed, half made, damaged, gone."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.control.received import Query
from core.journal.audience import Audience
from core.journal.follower import Follower
from core.journal.follower_thread import FollowerThread
from core.journal.reader import Reader
from core.journal.rows import FAILED
from core.journal.taken import TakenRow, outcomes
from core.model.events import Measurements

from .segments import NOW, SegmentFile

WRITER = Path(__file__).with_name("writer_process.py")
HOLDER = Path(__file__).with_name("holder_process.py")
DEAD_PID = 2**22 + 1
"""Beyond what Linux gives a process."""


class Followed:
    """A follower and what it passed on."""

    def __init__(self, folder: Path, since: int = 0) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.index = folder / "index.db"
        self.rows: list[TakenRow] = []
        self.follower = Follower(self.journal, self.index, Audience(self.rows.extend, since=since))

    def dump(self) -> list[tuple[object, ...]]:
        """All that the index says, with segments by name."""
        with sqlite3.connect(self.index) as connection:
            requests = connection.execute(
                "SELECT r.id, s.tenant, s.source, s.name, r.seq, r.received, r.outcome, r.status, r.micros, r.size,"
                " r.events FROM requests r JOIN segments s ON s.id = r.segment ORDER BY r.id"
            ).fetchall()
            events = connection.execute("SELECT * FROM events ORDER BY request, n").fetchall()
            segments = connection.execute(
                "SELECT tenant, source, name, taken, first, last, oldest, newest, ahead_least, ahead_most"
                " FROM segments ORDER BY tenant, source, name"
            ).fetchall()
        connection.close()
        return requests + events + segments

    def indexed(self) -> int:
        with sqlite3.connect(self.index) as connection:
            (count,) = connection.execute("SELECT count(*) FROM requests").fetchone()
        connection.close()
        return count

    def restart(self, since: int = 0) -> "Followed":
        self.follower.close()
        return Followed(self.folder, since)


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    followed = Followed(tmp_path)
    yield followed
    followed.follower.close()


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)


def test_rows_are_taken_once_and_in_order(followed: Followed):
    segment = SegmentFile(followed.journal)
    ids = segment.fill(5)
    assert followed.follower.take() == 5
    assert followed.follower.take() == 0
    ids += segment.fill(3)
    assert followed.follower.take() == 3
    assert [row.request for row in followed.rows] == ids
    assert followed.follower.behind() == 0


def test_a_row_as_it_is_passed_on(followed: Followed):
    segment = SegmentFile(followed.journal, "acme", "gate")
    events = [Measurements(hardware_id=f"d{n}", measurements={"t": 1.5}) for n in range(6)]
    segment.write(segment.row(events=events, payload=b"y" * 9000), segment.row(outcome=FAILED, reason="no", status=422))
    followed.follower.take()
    row, failed = followed.rows
    assert (row.tenant, row.event_source, row.method, row.target) == ("acme", "gate", "POST", "/lora")
    assert (len(row.payload), row.size, row.event_count) == (4096, 9000, 6)
    shown = row.traffic()
    assert (shown.events, shown.bytes, shown.milliseconds, shown.received_date) == (
        6,
        9000,
        0.8,
        row.events()[0].received_date,
    )
    assert [brief.device for brief in shown.decoded] == ["d0", "d1", "d2", "d3"]
    assert shown.decoded[0].text == "t 1.5"
    assert (failed.outcome, failed.reason, failed.traffic().decoded) == ("failed", "no", [])
    assert outcomes(followed.rows) == (1, 1, 0)


def test_a_fold_that_was_cut_off_is_undone(tmp_path: Path):
    """As SQLite leaves a file where it is killed while it changes it: with a rollback journal beside it."""
    followed = Followed(tmp_path)
    segment = SegmentFile(followed.journal, pid=DEAD_PID)
    segment.fill(300)
    followed.follower.take()
    followed.follower.close()
    assert len(followed.rows) == 300
    segment.connection.executescript(
        "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN; UPDATE requests SET size = 7"
    )
    beside = segment.file.with_name(segment.file.name + "-journal")
    cut = segment.file.read_bytes(), beside.read_bytes()
    segment.close()
    segment.file.write_bytes(cut[0])
    beside.write_bytes(cut[1])
    with (
        sqlite3.connect(f"file:{segment.file}?mode=ro", uri=True) as connection,
        pytest.raises(sqlite3.OperationalError),
    ):
        connection.execute("SELECT count(*) FROM requests").fetchone()
    connection.close()
    again = Followed(tmp_path)
    again.follower.take()
    assert again.follower.faults.errors == again.follower.faults.damaged == {}
    reader = Reader(again.journal, again.index)
    found = reader.requests(Query(limit=1000)).requests
    assert len(found) == 300
    assert all(each.bytes != 7 for each in found)
    whole = reader.request(found[0].id)
    assert whole.payload == b'{"rssi":-111}'
    again.follower.close()


def test_batches_are_bounded_by_rows_and_by_bytes(tmp_path: Path):
    sizes: list[int] = []
    follower = Follower(
        tmp_path / "journal", tmp_path / "index.db", Audience(lambda rows: sizes.append(len(rows)), since=0)
    )
    small, large = SegmentFile(follower.journal_dir), SegmentFile(follower.journal_dir, source="large")
    small.fill(4500)
    many = [Measurements(hardware_id="d", measurements={"m" * 100: 1.0}) for _ in range(1000)]
    large.write(*(large.row(events=many) for _ in range(120)))
    assert follower.take() == 4620
    assert max(sizes) == 2000
    assert len(sizes) >= 5
    follower.close()


def test_index_deleted_and_rebuilt_is_the_same(followed: Followed):
    for source in ("a", "b", "a"):
        segment = SegmentFile(followed.journal, source=source)
        segment.fill(700)
        segment.write(segment.row(outcome=FAILED, reason="no"))
        followed.follower.take()
    before = followed.dump()
    followed.follower.close()
    for file in followed.folder.glob("index.db*"):
        file.unlink()
    again = Followed(followed.folder)
    again.follower.take()
    assert again.dump() == before
    again.follower.close()


def test_a_restart_goes_on_where_it_was_and_tells_nothing_twice(followed: Followed):
    segment = SegmentFile(followed.journal)
    segment.write(segment.row(received=NOW))
    followed.follower.take()
    segment.write(segment.row(received=NOW + 1), segment.row(received=NOW + 5))
    again = followed.restart(since=NOW + 5)
    assert again.follower.take() == 2
    assert [row.received for row in again.rows] == [NOW + 5]
    again.follower.close()


def test_taking_rows_again_changes_nothing(followed: Followed):
    segment = SegmentFile(followed.journal)
    segment.fill(50)
    followed.follower.take()
    before = followed.dump()
    with sqlite3.connect(followed.index) as connection:
        connection.execute("UPDATE segments SET taken = 0")
    connection.close()
    again = followed.restart()
    assert again.follower.take() == 50
    assert again.dump() == before
    again.follower.close()


@pytest.mark.parametrize(
    "damage", [b"this is no database at all, not even nearly" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_index_is_set_aside_and_rebuilt(followed: Followed, damage: bytes):
    segment = SegmentFile(followed.journal)
    segment.fill(300)
    followed.follower.take()
    before = followed.dump()
    followed.follower.close()
    for ending in ("-wal", "-shm"):
        followed.index.with_name(followed.index.name + ending).unlink(missing_ok=True)
    followed.index.write_bytes(damage)
    again = Followed(followed.folder)
    assert again.follower.take() == 300
    assert again.dump() == before
    assert [file.read_bytes()[:16] for file in followed.folder.glob("index.db.aside-*")] == [damage[:16]]
    again.follower.close()


def test_an_index_found_damaged_while_running_is_rebuilt_without_telling_rows_again(followed: Followed):
    segment = SegmentFile(followed.journal)
    segment.fill(300)
    followed.follower.take()
    before = followed.dump()
    followed.follower.distrust()
    segment.fill(1)
    assert followed.follower.take() == 301
    assert len(followed.rows) == 301
    assert len(followed.dump()) == len(before) + 2


def test_an_index_whose_pages_are_damaged_is_rebuilt_when_it_shows(followed: Followed):
    segment = SegmentFile(followed.journal)
    segment.fill(4000)
    followed.follower.take()
    followed.follower.close()
    with followed.index.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (followed.index.stat().st_size - 8192))
    again = Followed(followed.folder)
    segment.fill(4000)
    until(lambda: again.follower.take() >= 0 and again.indexed() == 8000)
    again.follower.close()


def test_an_index_of_another_format_is_rebuilt(followed: Followed):
    SegmentFile(followed.journal).fill(3)
    followed.follower.take()
    with sqlite3.connect(followed.index) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    again = followed.restart()
    assert again.follower.take() == 3
    again.follower.close()


def test_one_bad_segment_does_not_stop_the_others(followed: Followed):
    bad = followed.journal / "default" / "lora" / "0198c0de-0000-7000-8000-000000000000.db"
    good = SegmentFile(followed.journal)
    good.fill(10)
    bad.write_bytes(b"not a segment" * 1000)
    assert followed.follower.take() == 10
    assert list(followed.follower.faults.errors) == ["default/lora/0198c0de-0000-7000-8000-000000000000.db"]
    good.fill(5)
    assert followed.follower.take() == 5
    bad.unlink()
    followed.follower.take()
    assert followed.follower.faults.errors == {}


def test_a_segment_damaged_in_its_middle_gives_what_can_be_read(followed: Followed):
    segment = SegmentFile(followed.journal, pid=DEAD_PID)
    segment.fill(5000)
    segment.close()
    size = segment.file.stat().st_size
    with segment.file.open("r+b") as file:
        file.seek(size // 4096 // 2 * 4096)
        file.write(b"\xa5" * 4096)
    other = SegmentFile(followed.journal)
    other.fill(10)
    assert followed.follower.take() >= 10
    assert segment.path in followed.follower.faults.errors
    other.fill(10)
    assert followed.follower.take() >= 10


def test_segments_that_are_not_ready_yet_wait(followed: Followed):
    folder = followed.journal / "default" / "lora"
    folder.mkdir(parents=True)
    empty = folder / "0198c0de-0000-7000-8000-000000000000.db"
    empty.touch()
    (folder / "notes.txt").write_text("not mine")
    assert followed.follower.take() == 0
    segment = SegmentFile(followed.journal, name="0198c0de-0000-7000-8000-000000000000")
    segment.fill(2)
    assert followed.follower.take() == 2
    assert followed.follower.faults.errors == {}


def test_a_segment_that_vanishes_is_forgotten(followed: Followed):
    kept, gone = SegmentFile(followed.journal), SegmentFile(followed.journal, "acme")
    kept.fill(5)
    gone.fill(4500)
    followed.follower.take()
    gone.close()
    shutil.rmtree(gone.file.parent.parent)
    followed.follower.take()
    assert followed.indexed() == 5
    kept.fill(1)
    assert followed.follower.take() == 1


def test_a_segment_whose_writer_is_gone_is_folded_into_one_file(followed: Followed):
    segment = SegmentFile(followed.journal, pid=DEAD_PID)
    segment.fill(10)
    followed.follower.take()
    assert segment.file.with_name(segment.file.name + "-wal").exists(), "its writer still has it open"
    segment.fill(1)
    segment.close()
    until(lambda: followed.follower.take() >= 0 and not list(segment.file.parent.glob("*-wal")))
    assert followed.indexed() == 11
    assert followed.follower.take() == 0
    connection = sqlite3.connect(followed.index)
    assert connection.execute("SELECT finished FROM segments").fetchall() == [(1,)]
    connection.close()


def test_a_segment_that_its_process_left_for_another_is_finished(followed: Followed):
    first, second = SegmentFile(followed.journal), SegmentFile(followed.journal)
    first.fill(3)
    first.close()
    second.fill(3)
    until(lambda: followed.follower.take() >= 0 and not list(first.file.parent.glob(f"{first.name}.db-wal")))
    assert second.file.with_name(second.file.name + "-wal").exists()
    assert followed.indexed() == 6


def test_the_write_ahead_log_of_a_busy_segment_does_not_grow_for_ever(
    followed: Followed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("core.journal.followed.CHECKPOINT_SECONDS", 0.0)
    segment = SegmentFile(followed.journal)
    wal = segment.file.with_name(segment.file.name + "-wal")
    sizes: list[int] = []
    for _ in range(12):
        segment.write(*(segment.row(payload=b"z" * 3000) for _ in range(600)))
        followed.follower.take()
        sizes.append(wal.stat().st_size)
    assert max(sizes) < 2 * sizes[0]
    assert followed.indexed() == 7200


def test_a_live_process_is_followed_as_it_writes(followed: Followed):
    thread = FollowerThread(followed.follower)
    thread.start()
    try:
        with subprocess.Popen(
            [sys.executable, WRITER, followed.journal, "6000", "20"], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            for line in writer.stdout:
                if int(line) % 1000 == 0:
                    thread.nudge()
                    assert thread.passed(timeout=20) == 0
                    assert len(followed.rows) >= int(line), "what was committed before the call is taken"
        assert writer.returncode == 0
        assert thread.passed(timeout=20) == 0
        assert [row.seq for row in followed.rows] == list(range(1, 6001))
    finally:
        thread.stop()


def test_what_a_killed_writer_had_committed_is_taken_and_nothing_else(followed: Followed):
    for _ in range(3):
        taken_before = len(followed.rows)
        with subprocess.Popen(
            [sys.executable, WRITER, followed.journal, "1000000", "50"], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            path = writer.stdout.readline().strip()
            answered = 0
            while answered < 500:
                answered = int(writer.stdout.readline())
                followed.follower.take()
            writer.send_signal(signal.SIGKILL)
            rest = writer.stdout.read().split()
            answered = int(rest[-1]) if rest else answered
        wal = followed.journal / f"{path}-wal"
        until(lambda wal=wal: followed.follower.take() >= 0 and not wal.exists())
        taken = len(followed.rows) - taken_before
        assert taken >= answered
        assert taken % 50 == 0, "a batch is there whole or not at all"
        connection = sqlite3.connect(followed.journal / path)
        assert connection.execute("SELECT count(*) FROM requests").fetchone() == (taken,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


class TestThread:
    def test_passed_covers_what_was_committed_before_it(self, followed: Followed):
        thread = FollowerThread(followed.follower)
        thread.start()
        try:
            for round in range(1, 30):
                SegmentFile(followed.journal, source=f"s{round % 5}").fill(1)
                assert thread.passed(timeout=20) == 0
                assert len(followed.rows) == round
        finally:
            thread.stop()

    def test_rows_come_without_any_nudge(self, followed: Followed):
        thread = FollowerThread(followed.follower)
        thread.start()
        try:
            segment = SegmentFile(followed.journal)
            thread.passed()
            segment.fill(1)
            until(lambda: len(followed.rows) == 1, seconds=5)
        finally:
            thread.stop()

    @pytest.mark.parametrize("seconds", [0.4, 6.0], ids=["for a moment", "longer than anybody waits"])
    def test_a_segment_that_somebody_else_has_is_waited_for(self, followed: Followed, seconds: float):
        segment = SegmentFile(followed.journal, pid=DEAD_PID)
        segment.fill(3)
        segment.close()
        with subprocess.Popen(
            [sys.executable, str(HOLDER), str(segment.file), str(seconds)], stdout=subprocess.PIPE
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            thread = FollowerThread(followed.follower)
            thread.start()
            try:
                if seconds > 5:
                    assert thread.passed(timeout=0.5) == 1
                    assert followed.indexed() == 0
                    holder.kill()
                assert thread.passed(timeout=20) == 0
                assert followed.indexed() == 3
                assert followed.follower.faults.errors == {}
            finally:
                thread.stop()

    def test_passed_gives_up_in_time_and_says_how_much_is_behind(self, tmp_path: Path):
        gate = threading.Event()
        follower = Follower(
            tmp_path / "journal", tmp_path / "index.db", Audience(lambda rows: gate.wait(20) and None, since=0)
        )
        thread = FollowerThread(follower)
        SegmentFile(follower.journal_dir).fill(5000)
        thread.start()
        try:
            began = time.monotonic()
            assert thread.passed(timeout=0.3) > 0
            assert time.monotonic() - began < 5
        finally:
            gate.set()
            thread.stop()

    def test_a_fault_in_what_is_told_does_not_end_following(self, tmp_path: Path):
        seen: list[int] = []

        def on_rows(rows: list[TakenRow]) -> None:
            seen.append(len(rows))
            if len(seen) == 1:
                raise ValueError("a fault of the listener")

        thread = FollowerThread(Follower(tmp_path / "journal", tmp_path / "index.db", Audience(on_rows, since=0)))
        thread.start()
        try:
            segment = SegmentFile(tmp_path / "journal")
            for _ in range(2):
                segment.fill(1)
                thread.passed(timeout=20)
            assert seen == [1, 1]
        finally:
            thread.stop()

    def test_stop_ends_a_long_pass_after_its_batch(self, tmp_path: Path):
        started = threading.Event()

        def on_rows(rows: list[TakenRow]) -> None:
            started.set()
            time.sleep(0.02)

        follower = Follower(tmp_path / "journal", tmp_path / "index.db", Audience(on_rows, since=0))
        SegmentFile(follower.journal_dir).fill(60_000)
        thread = FollowerThread(follower)
        thread.start()
        assert started.wait(10)
        thread.stop()
        assert follower.behind() > 0
