"""An index that is built beside says the same as the one that grew, and takes its place whatever is killed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.control.failures import FailureQuery
from core.control.received import Query
from core.journal.audience import Audience
from core.journal.building import Building, build_index
from core.journal.decodes import DecodeWriter, NewDecode
from core.journal.follower import Follower
from core.journal.follower_thread import FollowerThread
from core.journal.reader import Reader
from core.journal.registrations import RegistrationReader
from core.journal.reindex import ReindexJob
from core.journal.retention import sweep
from core.journal.rows import BY_ALTERNATE_ID, DECODED, FAILED, REFUSED
from core.journal.succession import declare_ready, ready_file, unfinished_file
from core.model.events import Alert, Event, Location, Measurements, Registration

from .segments import NOW, SegmentFile, request_id

NO_PROCESS = 2**22 + 1
REASONS = ("decode.py:4  id 17 is missing", "decode.py:4  id 18 is missing", "no JSON")


class Journal:
    """A journal of several sources, with failures, duplicates, decodes and undone ones, and its index."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.folder = folder
        self.path, self.index = folder / "journal", folder / "index.db"
        self.choose = random.Random(seed)
        self.told: list[bytes] = []
        self.segments = [
            SegmentFile(self.path, tenant, source, deduplicator=deduplicator, pid=pid)
            for tenant, source, deduplicator, pid in (
                ("acme", "lora", BY_ALTERNATE_ID, os.getpid()),
                ("acme", "lora", BY_ALTERNATE_ID, NO_PROCESS),
                ("acme", "gate", None, os.getpid()),
                ("default", "lora", None, os.getpid()),
            )
        ]
        self.ids: dict[str, list[bytes]] = {}
        self.follow()

    def follow(self) -> None:
        self.follower = Follower(
            self.path, self.index, Audience(lambda rows: self.told.extend(row.request for row in rows), since=0)
        )
        self.reader = Reader(self.path, self.index, on_damage=self.follower.distrust)

    def fill(self, rows: int = 60) -> None:
        """Commits some rows to each segment, and decodes some of them again."""
        for segment in self.segments:
            new = [self._row(segment) for _ in range(rows)]
            segment.write(*new)
            self.ids.setdefault(segment.path.rpartition("/")[0], []).extend(bytes(row[1]) for row in new)  # type: ignore[arg-type]  # the column is bytes
        self.decode_again(self.choose.randrange(5, 15))

    def decode_again(self, count: int) -> None:
        for place, ids in self.ids.items():
            tenant, source = place.split("/")
            writer = DecodeWriter(self.path / tenant / source, tenant, source, "replay", None)
            some = [(id, number) for id in self.choose.sample(ids, count) for number in range(1, 3)]
            writer.add([self._decode(id, number) for id, number in some])
            undone = self.choose.sample(some, count // 2)
            writer.add([NewDecode(request=id, received=NOW, number=n, at=NOW, undone=True) for id, n in undone])
            writer.close()

    def _row(self, segment: SegmentFile) -> tuple[object, ...]:
        outcome = self.choose.choices((DECODED, FAILED, REFUSED), (7, 2, 1))[0]
        at = NOW + self.choose.randrange(5000)
        return segment.row(
            id=request_id(at, self.choose.getrandbits(40)),
            received=at,
            events=[self._event() for _ in range(self.choose.randrange(3))] if outcome == DECODED else [],
            outcome=outcome,
            reason=None if outcome == DECODED else self.choose.choice(REASONS),
            status=self.choose.choice((200, 401, 422, None)),
        )

    def _event(self) -> Event:
        device = f"d{self.choose.randrange(9)}"
        alternate = self.choose.choice((None, f"a{self.choose.randrange(20)}"))
        makers = (
            lambda: Measurements(hardware_id=device, measurements={"t": 1.0}, alternate_id=alternate),
            lambda: Location(hardware_id=device, latitude=1.0, longitude=2.0, alternate_id=alternate),
            lambda: Alert(hardware_id=device, type="hot", message="hot", level="Error"),
            lambda: Registration(hardware_id=device, specification_token=f"s{self.choose.randrange(3)}"),
        )
        return self.choose.choice(makers)()

    def _decode(self, id: bytes, number: int) -> NewDecode:
        failed = self.choose.random() < 0.3
        return NewDecode(
            request=id,
            received=NOW,
            number=number,
            at=NOW,
            outcome_code=FAILED if failed else DECODED,
            encoded=None if failed else msgspec.json.encode([self._event()]),
            reason=self.choose.choice(REASONS) if failed else None,
            micros=5,
        )

    def everything(self) -> object:
        """All that can be asked."""
        queries = [Query(limit=10_000)]
        queries += [Query(limit=10_000, tenant=tenant, source="lora") for tenant in ("acme", "default")]
        queries += [Query(limit=10_000, device=f"d{n}") for n in range(9)]
        queries += [Query(limit=10_000, type=type) for type in ("Measurements", "Location", "Alert", "Registration")]
        queries += [
            Query(limit=10_000, filter=filter) for filter in ("-outcome:decoded", "status:4*", "outcome:failed")
        ]
        groups = self.reader.failures(FailureQuery(), {})
        queries += [Query(filter=f"failure:{group.id}", limit=10_000) for group in groups.groups]
        found = [(self.reader.requests(query).requests, self.reader.events(query).events) for query in queries]
        registrations = {
            tenant: RegistrationReader(self.index, self.path / tenant, tenant).last([f"d{n}" for n in range(9)], 5)
            for tenant in ("acme", "default")
        }
        whole = [self.reader.request(request.id) for request in found[0][0][::17]]
        return found, groups, registrations, whole

    def build(self) -> Building:
        return build_index(self.path, self.index, lambda progress: None)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    yield journal
    journal.follower.close()


@pytest.mark.parametrize("seed", range(2))
def test_it_says_the_same(tmp_path: Path, seed: int) -> None:
    journal = Journal(tmp_path, seed)
    for _ in range(2):
        journal.fill()
        journal.follower.take()
    before = journal.everything()
    inode = journal.index.stat().st_ino
    built = journal.build()
    assert (built.done, built.unread) == (built.total, [])
    journal.follower.succeed()
    journal.follower.take()
    assert journal.index.stat().st_ino != inode
    assert journal.everything() == before
    assert not ready_file(journal.index).exists()
    assert len(journal.told) == len(set(journal.told)) == 2 * 4 * 60
    # And it grows on as the other would have.
    journal.fill()
    journal.follower.take()
    grown = journal.everything()
    journal.build()
    journal.follower.succeed()
    journal.follower.take()
    assert journal.everything() == grown
    journal.follower.close()


def test_what_comes_meanwhile_is_found_and_told_once(journal: Journal) -> None:
    """Rows keep coming while it is built, and while its place is taken; queries go on."""
    journal.fill()
    thread = FollowerThread(journal.follower)
    thread.start()
    reader = Reader(journal.path, journal.index, passed=thread.passed, on_damage=journal.follower.distrust)
    ended = threading.Event()
    faults: list[object] = []

    def ask() -> None:
        newest = ""
        while not ended.is_set():
            page = reader.requests(Query(limit=5, tenant="default"))
            last = page.requests[-1].id if page.requests else ""
            if page.behind == 0 and last < newest:
                faults.append((last, newest))
            newest = max(newest, last)

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for each in asking:
        each.start()
    try:
        for _ in range(2):
            building = threading.Thread(target=journal.build)
            building.start()
            while building.is_alive():
                segment = journal.segments[3]
                segment.write(segment.row(received=NOW + 10_000 + segment.seq))
                thread.nudge()
            assert thread.succeed(20)
        assert thread.passed(20) == 0
    finally:
        ended.set()
        for each in asking:
            each.join()
        thread.stop()
    assert faults == []
    rows = sum(segment.seq for segment in journal.segments)
    assert journal.follower.successions == 2
    assert len(journal.told) == len(set(journal.told)) == rows
    journal.follow()
    assert len(reader.requests(Query(limit=10_000)).requests) == rows


def test_an_index_that_is_ready_takes_its_place_at_the_next_start(journal: Journal) -> None:
    journal.fill()
    journal.follower.take()
    before = journal.everything()
    journal.build()
    journal.follower.close()
    journal.index.with_name("index.db-wal").write_bytes(b"what a kill between the two left")
    inode = ready_file(journal.index).stat().st_ino
    journal.follow()
    assert journal.index.stat().st_ino == inode
    assert journal.everything() == before


def test_one_that_is_half_built_is_thrown_away(journal: Journal) -> None:
    journal.fill()
    journal.follower.take()
    before = journal.everything()
    journal.follower.close()
    unfinished_file(journal.index).write_bytes(b"half")
    journal.follow()
    assert journal.everything() == before
    assert not unfinished_file(journal.index).exists()


def test_killed_at_any_moment_it_leaves_the_index_of_before(journal: Journal) -> None:
    journal.fill(200)
    journal.follower.take()
    before = journal.everything()
    job = msgspec.json.encode(ReindexJob(journal=str(journal.path), index=str(journal.index))) + b"\n"
    ready = 0
    for wait in (0.0, 0.3, 0.5, None):
        with subprocess.Popen(
            [sys.executable, "-m", "core.journal.reindex"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(job)
            process.stdin.flush()
            if wait is None:
                while b"Ended" not in process.stdout.readline():
                    pass
            else:
                time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        ready += ready_file(journal.index).exists()
        journal.follower.close()
        journal.follow()
        journal.follower.take()
        assert journal.everything() == before
    assert ready


def test_a_damaged_segment_is_left_out_and_said(journal: Journal) -> None:
    journal.fill()
    journal.follower.take()
    broken = journal.segments[3]
    broken.close()
    journal.follower.close()
    broken.file.write_bytes(b"no SQLite file, but something else" * 200)
    built = journal.build()
    assert [each.split(":")[0] for each in built.unread] == [broken.path]
    journal.follow()
    journal.follower.take()
    assert len(journal.reader.requests(Query(limit=10_000)).requests) == 3 * 60


def test_segments_that_retention_deletes_meanwhile_are_forgotten(journal: Journal) -> None:
    journal.fill()
    journal.follower.take()
    for segment in journal.segments:
        segment.close()
    journal.follower.take()
    declared = journal.build()
    assert declared.done
    gone = journal.segments[1]
    swept = journal.follower.beside(sweep, journal.path, journal.index, age=None, size=0, now=time.time())
    assert swept.segments
    assert not gone.file.exists()
    left = journal.everything()
    journal.follower.succeed()
    journal.follower.take()
    assert journal.follower.successions == 1
    assert journal.everything() == left


def test_declaring_needs_something_that_was_built(journal: Journal) -> None:
    with pytest.raises(FileNotFoundError):
        declare_ready(journal.index)
