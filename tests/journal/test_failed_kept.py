"""Failed requests that are kept longer than others: whole, once, and whatever ends a sweep in between."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.catalogue.retention import Limits
from core.control.received import Query
from core.journal.decodes import NewDecode
from core.journal.indexed import connect
from core.journal.retention import Retained, Sweeper, Swept
from core.journal.rows import DECODED, FAILED
from core.journal.taken import TakenRow
from core.journal.volume import Volume
from core.model.events import Measurements

from .segments import NOW, SegmentFile
from .test_decodes import NO_PROCESS, Journal, decode, measured, undone

DAY = 86_400
PLAIN = Limits(7 * DAY, None, None)
LONGER = Limits(7 * DAY, None, 30 * DAY)
ROOT = Path(__file__).parents[2]


class Kept(Journal):
    """A journal that is swept."""

    def finished(
        self, days_ago: int, *outcomes: int, source: str = "lora", tenant: str = "default", **row: object
    ) -> Path:
        """A segment that nobody writes any more, with a request of each outcome."""
        segment = SegmentFile(self.path, tenant, source, pid=NO_PROCESS)
        at = NOW - days_ago * DAY * 1000
        reasons = {FAILED: "cannot be read"}
        rows = [
            segment.row(received=at + n, outcome=outcome, reason=reasons.get(outcome), **row)  # type: ignore[arg-type]  # the row's own
            for n, outcome in enumerate(outcomes)
        ]
        segment.write(*rows)
        segment.close()
        return segment.file

    def pass_twice(self) -> None:
        for _ in range(2):
            self.follower.take()  # the second finds the writers gone

    def sweep(
        self,
        all: Limits = LONGER,
        tenants: dict[str, Limits] | None = None,
        *,
        now: float = NOW / 1000,
        rest: Callable[[float], None] = lambda seconds: None,
    ) -> Swept:
        self.pass_twice()
        return sweep_once(self.path, self.index, Retained(all, tenants or {}), now, self.pass_twice, rest)

    def ids(self) -> list[str]:
        return [each.id for each in self.reader.requests(Query(limit=10_000)).requests]

    def files(self, failed: bool) -> list[Path]:
        """The segments of failed requests, or the others."""
        return [file for file in sorted(self.source.glob("*.db")) if (file.name[14] == "8") is failed]

    def checked(self) -> None:
        """The index finds each of its requests whole, and says the same when it is built again."""
        before = self.everything()
        self.rebuild()
        self.pass_twice()
        assert self.everything() == before


def sweep_once(
    journal: Path,
    index: Path,
    retained: Retained,
    now: float,
    passed: Callable[[], object],
    rest: Callable[[float], None],
) -> Swept:
    volume = Volume(journal)
    with closing(connect(index)) as connection:
        sweeper = Sweeper(volume, passed=passed, rest=rest)
        return sweeper.sweep(connection, volume.measure(connection), retained, now)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Kept]:
    journal = Kept(tmp_path)
    yield journal
    journal.follower.close()


WHOLE = {
    "payload": b"\x00bytes\xff", "metadata": b'{"frame":7}', "state": b'{"imei":"1"}', "log": b"printed",
    "wire": b"<w>", "answer": b"<a>", "remote": "10.0.0.1:7",
}  # fmt: skip


def test_a_failed_request_outlives_its_segment_whole(journal: Kept) -> None:
    old = journal.finished(9, DECODED, FAILED, DECODED, FAILED, **WHOLE)
    journal.pass_twice()
    failed = journal.reader.requests(Query(outcome="failed")).requests
    details = [journal.reader.request(each.id) for each in failed]
    groups = journal.groups()
    swept = journal.sweep()
    assert (swept.segments, swept.failed, swept.faults) == (1, 2, [])
    assert not old.exists()
    assert journal.ids() == [each.id for each in failed]
    assert [journal.reader.request(each.id) for each in failed] == details
    assert details[0].payload == WHOLE["payload"]
    assert details[0].head.startswith(b"POST /lora")
    assert details[0].state == {"imei": "1"}
    assert journal.groups() == groups == {"cannot be read": 2}
    journal.checked()
    assert journal.sweep().segments == 0


def test_without_a_longer_age_failed_requests_go_with_the_others(journal: Kept) -> None:
    journal.finished(9, DECODED, FAILED)
    assert journal.sweep(PLAIN).segments == 1
    assert journal.ids() == []
    assert list(journal.source.glob("*")) == []


def test_they_go_in_turn_when_they_are_too_old(journal: Kept) -> None:
    journal.finished(9, FAILED, FAILED)
    journal.finished(40, FAILED)
    assert journal.sweep().segments == 2
    assert len(journal.ids()) == 2
    assert journal.sweep(now=NOW / 1000 + 20 * DAY).segments == 0
    assert journal.sweep(now=NOW / 1000 + 22 * DAY).segments == 1
    assert journal.ids() == []
    assert journal.groups() == {}


def test_what_comes_to_it_later_is_merged_while_it_spans_a_short_time(journal: Kept) -> None:
    for days_ago in (12, 11, 10):
        journal.finished(days_ago, FAILED, DECODED)
        journal.sweep()
        assert len(journal.files(failed=True)) == 1
    journal.finished(8, FAILED)
    journal.sweep()
    assert len(journal.files(failed=True)) == 2  # an eighth of 30 days is less than four
    assert len(journal.ids()) == 4
    journal.checked()


def test_heads_and_sources_are_kept_apart(journal: Kept) -> None:
    journal.finished(9, FAILED, head=None)
    journal.finished(9, FAILED, FAILED, source="other")
    journal.finished(9, FAILED, tenant="second")
    journal.sweep()
    assert len(journal.ids()) == 4
    assert [each.method for each in journal.reader.requests(Query(source="lora", tenant="default")).requests] == [None]
    assert [each.method for each in journal.reader.requests(Query(source="other")).requests] == ["POST", "POST"]
    assert len(journal.reader.requests(Query(tenant="second")).requests) == 1
    journal.checked()


def test_they_are_not_told_of_again(journal: Kept) -> None:
    told: list[TakenRow] = []
    journal.follower.audience.on_rows = told.extend
    journal.finished(9, FAILED)
    journal.sweep()
    journal.pass_twice()
    assert len(told) == 1


def test_a_request_that_a_replay_mended_is_kept_with_its_events(journal: Kept) -> None:
    journal.finished(9, FAILED, DECODED)
    journal.sweep()
    (id,) = journal.ids()
    writer = journal.writer()
    writer.add([decode(bytes.fromhex(id.replace("-", "")), 1, measured(5))])
    journal.follower.take()
    assert journal.values() == {f"{id}.r1.0": 5}
    journal.finished(8, FAILED)  # merged with it
    journal.sweep()
    assert len(journal.files(failed=True)) == 1
    assert journal.values() == {f"{id}.r1.0": 5}
    assert journal.groups() == {"cannot be read": 1}
    writer.add([undone(bytes.fromhex(id.replace("-", "")), 1)])
    journal.follower.take()
    assert journal.groups() == {"cannot be read": 2}
    writer.close()
    journal.checked()


def test_one_that_a_replay_broke_is_kept_and_has_its_events_back_when_that_is_undone(journal: Kept) -> None:
    journal.finished(9, DECODED, DECODED, events=[Measurements(hardware_id="d", measurements={"v": 3.0})])
    journal.pass_twice()
    id, _ = journal.ids()
    request = bytes.fromhex(id.replace("-", ""))
    writer = journal.writer()
    writer.add([NewDecode(request, NOW, 1, NOW, outcome_code=FAILED, reason="worse", micros=5)])
    journal.sweep()
    assert journal.ids() == [id]
    assert journal.groups() == {"worse": 1}
    assert journal.values() == {}
    writer.add([undone(request, 1)])
    journal.follower.take()
    assert journal.values() == {f"{id}.0": 3.0}
    writer.close()
    journal.checked()


def test_they_take_up_a_quarter_of_the_size_and_go_last(journal: Kept) -> None:
    big = b"x" * 20_000
    for days_ago in (6, 5, 4, 3, 2):
        journal.finished(days_ago, *[FAILED] * 20, payload=big)
    received = journal.finished(1, *[DECODED] * 20, payload=big)
    one = received.stat().st_size
    limits = Limits(7 * DAY, one * 5 + 200_000, 30 * DAY)
    for _ in range(8):
        journal.sweep(limits)
    kept = sum(file.stat().st_size for file in journal.source.glob("*.db"))
    failed = sum(file.stat().st_size for file in journal.files(failed=True))
    assert kept <= one * 5 + 200_000
    assert 0 < failed <= kept // 4 + 50_000
    assert received.exists()
    journal.checked()


def test_a_row_that_cannot_be_read_keeps_nothing_else_from_going(journal: Kept) -> None:
    old = journal.finished(9, *[FAILED] * 40, payload=b"y" * 3000)
    journal.pass_twice()
    with old.open("r+b") as file:  # a page in the middle
        file.seek(old.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)
    for _ in range(3):
        journal.sweep()
    assert not old.exists()
    readable = len(journal.ids())
    assert 0 < readable < 40
    assert all(journal.reader.request(id).payload == b"y" * 3000 for id in journal.ids())


class Killed(Exception):
    pass


def dying(after: int) -> Callable[[float], None]:
    """A rest that ends the sweep at that step."""
    left = [after]

    def rest(seconds: float) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    return rest


@pytest.mark.parametrize("rebuilt", [False, True], ids=["index goes on", "index built again"])
def test_a_sweep_may_end_at_any_step(journal: Kept, rebuilt: bool) -> None:
    journal.finished(12, FAILED, DECODED)
    journal.sweep()
    for days_ago in (11, 11, 10):
        journal.finished(days_ago, DECODED, FAILED, FAILED)
    journal.pass_twice()
    failed = {each.id for each in journal.reader.requests(Query(outcome="failed")).requests}
    assert len(failed) == 7
    step = 0
    while True:
        try:
            journal.sweep(rest=dying(step))
        except Killed:
            step += 1
        else:
            break
        if rebuilt:
            journal.rebuild()
        journal.pass_twice()
        found = journal.reader.requests(Query(outcome="failed")).requests
        assert sorted(each.id for each in found) == sorted(failed)
        assert journal.groups() == {"cannot be read": 7}
        assert all(journal.reader.request(id).payload for id in failed)
    assert step > 5
    journal.sweep()
    assert (len(journal.files(failed=True)), len(journal.files(failed=False))) == (1, 0)
    assert sorted(journal.ids()) == sorted(failed)
    journal.checked()


KILLED = """
import os, signal, sys
from pathlib import Path
from core.catalogue.retention import Limits
from core.journal.retention import Retained
from tests.journal.test_failed_kept import LONGER, sweep_once
from tests.journal.segments import NOW
left = [int(sys.argv[2])]
def rest(seconds):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
home = Path(sys.argv[1])
sweep_once(home / "journal", home / "index.db", Retained(LONGER), NOW / 1000, lambda: None, rest)
"""


def test_a_process_that_is_killed_while_it_sweeps_loses_nothing(journal: Kept, tmp_path: Path) -> None:
    journal.finished(11, DECODED, *[FAILED] * 600)
    journal.finished(10, DECODED, FAILED)
    journal.pass_twice()
    failed = sorted(each.id for each in journal.reader.requests(Query(outcome="failed", limit=1000)).requests)
    for step in (
        2,
        3,
        4,
        1,
        2,
    ):  # while it writes, when it has written, while the index is changed, when a file is gone
        done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(step)], cwd=ROOT)
        assert done.returncode in (0, -signal.SIGKILL)
        journal.pass_twice()
        found = journal.reader.requests(Query(outcome="failed", limit=1000)).requests
        assert sorted(each.id for each in found) == failed
    for _ in range(2):
        journal.sweep()
    assert sorted(journal.ids()) == failed
    assert list(journal.source.glob("*.part")) == []
    assert len(journal.files(failed=False)) == 0


def test_a_segment_that_vanishes_leaves_what_is_kept_elsewhere(journal: Kept) -> None:
    """As where another index took the place of the one that the sweep had changed."""
    old = journal.finished(9, FAILED, DECODED)
    with pytest.raises(Killed):
        journal.sweep(rest=dying(2))
    assert len(journal.files(failed=True)) == 1
    journal.pass_twice()
    old.unlink()
    journal.pass_twice()
    assert len(journal.ids()) == 1
    assert journal.reader.request(journal.ids()[0]).outcome == "failed"


def test_a_tenant_s_own_limits_hold_over_what_is_its_own(journal: Kept) -> None:
    big = b"x" * 20_000
    mine = [journal.finished(days, *[DECODED] * 10, tenant="mine", payload=big) for days in (3, 2, 1)]
    other = [journal.finished(days, *[DECODED] * 10, tenant="other", payload=big) for days in (3, 2, 1)]
    one = mine[0].stat().st_size
    journal.sweep(Limits(7 * DAY, None, None), {"mine": Limits(2.5 * DAY, None, None), "other": PLAIN})
    assert [file.exists() for file in mine + other] == [False, True, True, True, True, True]
    journal.sweep(Limits(7 * DAY, None, None), {"mine": Limits(7 * DAY, one + 1000, None), "other": PLAIN})
    assert [file.exists() for file in mine + other] == [False, False, True, True, True, True]
    journal.sweep(Limits(7 * DAY, one * 2 + 1000, None), {"mine": PLAIN, "other": PLAIN})
    assert [file.exists() for file in mine + other] == [False, False, True, False, False, True]


def test_a_query_that_reads_a_segment_just_now_goes_on(journal: Kept) -> None:
    old = journal.finished(9, *[DECODED] * 300)
    journal.pass_twice()
    with closing(sqlite3.connect(f"file:{old}?mode=ro", uri=True)) as reading:
        cursor = reading.execute("SELECT id FROM requests ORDER BY seq")
        assert cursor.fetchone() is not None
        assert journal.sweep().segments == 1
        assert not old.exists()
        assert len(cursor.fetchall()) == 299
