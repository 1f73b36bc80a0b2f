"""The power fails: whatever a disk holds then of the bytes that were not synced, what was acknowledged is there, and no
half of a commit.

A real worker writes under load while its engine is stopped, so that all of it is in the write-ahead log. Each device
notes how long the log was when its answer came. What is synced of it: tests/engine/test_synced.py.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.tidegate import free_port, until
from tests.engine.stead import Stead, body, source_text
from tests.journal.power import FRAME_HEADER, HEADER, SECTOR, Disk, Log

FIRST = 100
SECOND = 600
"""Requests before the log is moved into the file: more than a follower leaves in it."""
THIRD = 25


@dataclass
class Recorded:
    """What was on disk at some moments, and what had been acknowledged."""

    name: str
    early: tuple[bytes, bytes]
    """File and log after the first requests."""
    lengths: dict[bytes, int]
    """How long the log was when the answer to each of these payloads came."""
    full: tuple[bytes, bytes]
    """After more of them, none of them in the file."""
    again: tuple[bytes, bytes]
    """All of those are in the file, and the log begins anew."""
    acknowledged: list[set[bytes]] = field(default_factory=list[set[bytes]])
    """What had been acknowledged at each of the three moments."""


@contextlib.contextmanager
def stopped(*pids: int) -> Generator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
        state = Path(f"/proc/{pid}/stat")
        until(lambda state=state: state.read_text().rpartition(")")[2].split()[0] == "T", "the process to stop")
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def _device(port: int, payloads: Iterator[bytes], log: Path, lengths: dict[bytes, int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for payload in payloads:
        writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(payload), payload))
        head = await reader.readuntil(b"\r\n\r\n")
        lengths[payload] = log.stat().st_size
        assert head.startswith(b"HTTP/1.1 200 ")
        await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
    writer.close()


async def _load(port: int, payloads: Iterator[bytes], log: Path, lengths: dict[bytes, int]) -> None:
    await asyncio.gather(*(_device(port, payloads, log, lengths) for _ in range(6)))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    stead = Stead(tmp_path_factory.mktemp("power") / "home")
    try:
        return record(stead)
    finally:
        stead.end()


def record(stead: Stead) -> Recorded:
    """Has a worker write, its engine follow, the worker begin its log anew, and notes what was on disk meanwhile."""
    engine = stead.serve().pid
    (worker,) = stead.workers()
    (file,) = (stead.path / "data" / "journal").glob("*/*/*.db")
    log = file.with_name(file.name + "-wal")
    lengths: dict[bytes, int] = {}
    numbers = itertools.count()
    acknowledged: list[set[bytes]] = []

    def load(count: int) -> tuple[bytes, bytes]:
        payloads = iter(
            [body(f"d{number}").ljust(300 + 97 * (number % 9)) for number in itertools.islice(numbers, count)]
        )
        asyncio.run(_load(stead.port, payloads, log, lengths))
        with stopped(worker):
            acknowledged.append(set(lengths))
            return file.read_bytes(), log.read_bytes()

    with stopped(engine):
        early = load(FIRST)
        early_lengths = dict(lengths)
        full = load(SECOND)
    until(lambda: file.stat().st_size > len(full[0]), "the log to be moved into the file")
    until(lambda: stead.status().behind == 0, "the index")

    def begun_anew() -> bool:
        asyncio.run(_load(stead.port, iter([body(f"d{next(numbers)}")]), log, lengths))
        return Log(log.read_bytes()).salts != Log(full[1]).salts

    until(begun_anew, "the log to begin anew")
    with stopped(engine):
        again = load(THIRD)
    return Recorded(file.name, early, early_lengths, full, again, acknowledged)


@pytest.fixture
def disk(tmp_path: Path, recorded: Recorded) -> Disk:
    return Disk(tmp_path / "disk", recorded.name)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory, recorded: Recorded) -> "States":
    """Of the first requests."""
    disk = Disk(tmp_path_factory.mktemp("states") / "disk", recorded.name)
    return States(disk, recorded.early[0], Log(recorded.early[1]))


class States:
    """What must be found at each commit of a log."""

    def __init__(self, disk: Disk, file: bytes, log: Log) -> None:
        self.file = file
        self.log = log
        self.ends = [HEADER, *log.commits()]
        self.rows: list[list[bytes]] = []
        for end in self.ends:
            disk.hold(file, log.data[:end])
            self.rows.append(disk.rows())

    def at(self, length: int) -> list[bytes]:
        """The rows of the last commit that ends within so many bytes."""
        return self.rows[sum(end <= length for end in self.ends[1:])]


def test_each_commit_adds_its_rows_and_what_was_answered_is_in_one_that_had_ended(
    states: States, recorded: Recorded
) -> None:
    assert states.rows[0] == states.rows[1] == []  # the tables
    assert 10 < len(states.rows) < FIRST
    for before, after in itertools.pairwise(states.rows[1:]):
        assert after[: len(before)] == before
        assert len(after) > len(before)
    assert len(states.rows[-1]) == FIRST
    ends = {
        payload: end for end, rows in reversed(list(zip(states.ends, states.rows, strict=True))) for payload in rows
    }
    assert recorded.lengths.keys() == ends.keys()
    assert all(recorded.lengths[payload] >= end for payload, end in ends.items())


def test_a_log_that_is_cut_anywhere_holds_all_that_was_answered_before_and_no_half_of_a_commit(
    disk: Disk, states: States, recorded: Recorded
) -> None:
    file, log = states.file, states.log
    cuts = {0, 1, HEADER - 1, HEADER}
    for start, end, _ in log.frames():
        cuts |= {start + FRAME_HEADER, start + 3 * SECTOR, end - 1, end}
    for cut in sorted(cuts):
        disk.hold(file, log.data[:cut])
        rows = disk.rows()
        assert rows == states.at(cut), cut
        answered = {payload for payload, length in recorded.lengths.items() if length <= cut}
        assert answered <= set(rows), cut


@pytest.mark.parametrize("rest", [b"\0", b"\xa5"], ids=["zeros", "noise"])
def test_a_page_that_was_written_in_part_counts_as_not_written(disk: Disk, states: States, rest: bytes) -> None:
    """The log has its whole length, as after a file system wrote its size before the bytes."""
    file, log = states.file, states.log
    frames = log.frames()
    for place, (start, _, _) in enumerate(frames):
        written = start + place % 9 * SECTOR
        disk.hold(file, log.data[:written] + rest * (len(log.data) - written))
        assert disk.rows() == states.at(start), (start, written)
    disk.hold(file, log.data[: frames[-1][1]] + rest * len(log.data))
    assert disk.rows() == states.rows[-1]


def test_frames_that_were_not_synced_may_be_there_in_any_order(disk: Disk, states: States) -> None:
    """Those of the commit that was under way: the one before it had been synced."""
    file, log = states.file, states.log
    chance = random.Random(7)
    for synced, end in itertools.pairwise(states.ends[1:]):
        frames = [(start, stop) for start, stop, _ in log.frames() if synced <= start < end]
        subsets = list(itertools.product((False, True), repeat=len(frames)))
        for there in chance.sample(subsets, min(6, len(subsets))):
            data = bytearray(log.data[:synced] + bytes(end - synced))
            for (start, stop), is_there in zip(frames, there, strict=True):
                if is_there:
                    data[start:stop] = log.data[start:stop]
            disk.hold(file, bytes(data))
            assert disk.rows() == states.at(end if all(there) else synced), there


def test_rows_that_are_on_their_way_from_the_log_into_the_file_are_in_the_log_still(
    disk: Disk, recorded: Recorded
) -> None:
    before, log = recorded.full
    after = recorded.again[0]
    page = Log(log).page
    disk.hold(before, log)
    rows = disk.rows()
    assert set(rows) == recorded.acknowledged[1]
    chance = random.Random(3)
    for _ in range(25):
        mixed = bytearray(before.ljust(chance.choice((len(before), len(after))), b"\0"))
        for start in range(0, len(mixed), page):
            length = chance.choice((0, page, SECTOR * chance.randint(1, 7)))
            mixed[start : start + length] = after[start : start + length]
        disk.hold(bytes(mixed), log)
        assert disk.rows() == rows
        assert disk.sound()


def test_a_log_that_begins_anew_may_end_in_its_old_frames(disk: Disk, recorded: Recorded) -> None:
    file, data = recorded.again
    new, old = Log(data), recorded.full[1]
    assert new.salts != Log(old).salts
    states = States(disk, file, new)
    assert recorded.acknowledged[1] <= set(states.rows[0])
    assert recorded.acknowledged[2] == set(states.rows[-1])
    disk.hold(file, old)  # nothing of the new one was written
    assert disk.rows() == states.rows[0]
    for start, end, _ in new.frames():
        for cut in (start, start + FRAME_HEADER, start + 3 * SECTOR, end):
            disk.hold(file, data[:cut] + old[cut:])
            assert disk.rows() == states.at(cut), cut


def test_a_follower_takes_what_is_there_and_is_held_up_by_nothing(disk: Disk, states: States) -> None:
    file, log = states.file, states.log
    frames = log.frames()
    chance = random.Random(5)
    for start, end, _ in [frames[0], *chance.sample(frames, 12), frames[-1]]:
        for data in (log.data[:end], log.data[: start + SECTOR], log.data[: end - SECTOR].ljust(len(log.data), b"\0")):
            expected = states.at(end if data == log.data[:end] else start)
            disk.hold(file, data)
            assert disk.followed() == expected
            assert disk.rows() == expected
            assert disk.sound()


def test_a_log_that_was_folded_into_its_file_may_be_there_again(disk: Disk, states: States) -> None:
    """A file that is removed is gone for good only when its folder is synced."""
    disk.hold(states.file, states.log.data)
    assert disk.followed() == states.rows[-1]
    assert not disk.file.with_name(disk.file.name + "-wal").exists()
    folded = disk.file.read_bytes()
    for log in (states.log.data, b""):
        disk.hold(folded, log)
        assert disk.rows() == states.rows[-1]
        assert disk.sound()
        assert disk.followed() == states.rows[-1]


def test_an_engine_goes_on_after_a_power_failure(
    make_stead: Callable[..., Stead], disk: Disk, states: States, recorded: Recorded
) -> None:
    file, log = states.file, states.log
    first, last = log.frames()[0], log.frames()[-1]
    held = {
        "torn": (file, log.data[: last[0] + 3 * SECTOR].ljust(len(log.data), b"\0")),
        "unbegun": (file, log.data[: first[0] + SECTOR]),
        "empty": (b"", b""),
    }
    stead = make_stead(more="".join(source_text(id, free_port()) for id in held))
    journal = stead.path / "data" / "journal" / "default"
    for id, (content, data) in held.items():
        disk.hold(content, data)
        disk.copy_to(journal / id)
    stead.serve()
    assert stead.post(body("new")) == 200
    answered = {payload for payload, length in recorded.lengths.items() if length <= last[0]}
    assert answered <= set(states.at(last[0]))
    stored = {event["hardwareId"] for event in stead.events()}
    assert stored == {json.loads(payload)["id"] for payload in states.at(last[0])} | {"new"}
    assert max(stead.journal_ids().values()) == 1
    left = journal / "torn" / f"{recorded.name}-wal"
    until(lambda: not left.exists(), "the log of the segment whose writer has gone to be folded into its file")
    assert [id for id in held if (journal / id / recorded.name).exists()] == ["torn"]
