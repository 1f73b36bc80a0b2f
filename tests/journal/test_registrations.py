"""What devices registered as, read beside the engine: from the index, and from what it has not taken yet."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from core.errors import TidegateError
from core.journal.follower import Follower
from core.journal.registrations import RegistrationReader
from core.journal.retention import sweep
from core.model.events import Event, Measurements, Registration, StateChange
from core.worker.registered import MOST_KNOWN, Registered

from .segments import NOW, SegmentFile, request_id


class Journal:
    """A journal with an index that takes what is there when it is told to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal"
        self.index = folder / "index.db"
        self.follower = Follower(self.path, self.index)
        self.reader = RegistrationReader(self.index, self.path / "default", "default")

    def of(self, *devices: str) -> dict[str, str]:
        """The specification of each of these devices, as far as one is known."""
        return {device: found.specification for device, found in self.reader.last(devices, 5.0).items()}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    yield journal
    journal.follower.close()


def registered(device: str, token: str | None) -> Event:
    return Registration(hardware_id=device, specification_token=token)


MEASURED = Measurements(hardware_id="a", measurements={"t": 1.0})


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "not indexed yet"])
def test_the_last_registration_that_names_a_specification_counts(journal: Journal, indexed: bool) -> None:
    segment, other = SegmentFile(journal.path), SegmentFile(journal.path, source="other")
    segment.write(segment.row(events=[registered("a", "one"), registered("b", "two"), registered("a", "three")]))
    segment.write(*(segment.row(events=[MEASURED]) for _ in range(10)), segment.row(events=[registered("b", "old")]))
    change = StateChange(
        hardware_id="b", category="Registration", type="Registration", data={"specificationToken": "x"}
    )
    other.write(other.row(received=NOW + 100, events=[registered("b", "four"), registered("a", None), change]))
    foreign = SegmentFile(journal.path, "elsewhere")
    foreign.write(foreign.row(received=NOW + 200, events=[registered("a", "foreign"), registered("c", "foreign")]))
    if indexed:
        journal.follower.take()
    assert journal.of("a", "b", "c", "é' --") == {"a": "three", "b": "four"}


def test_what_is_behind_the_index_is_found_as_soon_as_it_is_committed(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    for number in range(50):
        segment.write(segment.row(events=[registered(f"d{number}", "s")]))
        assert journal.of(f"d{number}") == {f"d{number}": "s"}
        if number % 7 == 0:
            journal.follower.take()


def test_an_index_that_is_missing_or_begun_anew_loses_nothing(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    segment.write(segment.row(events=[registered("a", "one")]))
    journal.follower.take()
    assert journal.of("a") == {"a": "one"}
    journal.follower.close()
    for file in journal.index.parent.glob("index.db*"):
        file.unlink()
    assert journal.of("a") == {"a": "one"}
    journal.follower = Follower(journal.path, journal.index)
    assert journal.of("a") == {"a": "one"}
    journal.follower.take()
    segment.close()
    shutil.rmtree(journal.path / "default")
    assert journal.of("a") == {"a": "one"}  # from the index alone


def test_what_is_not_kept_any_more_is_not_known(journal: Journal) -> None:
    old, new = SegmentFile(journal.path, pid=0), SegmentFile(journal.path, pid=0)
    old.write(old.row(received=NOW, events=[registered("a", "one")]))
    new.write(new.row(received=NOW + 10_000_000, events=[registered("b", "two")]))
    for segment in (old, new):
        segment.close()
    for _ in range(2):  # the second pass finds that nobody writes them any more
        journal.follower.take()
    sweep(journal.path, journal.index, age=3600, size=1 << 40, now=(NOW + 10_000_000) / 1000)
    journal.follower.take()
    assert journal.of("a", "b") == {"b": "two"}


def test_a_damaged_index_is_said_and_a_damaged_segment_passed_over(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    segment.write(segment.row(events=[registered("a", "one")]))
    (segment.file.parent / "018f0000-0000-7000-8000-000000000000.db").write_bytes(b"no database" * 1000)
    (segment.file.parent / "018f0000-0000-7000-8000-000000000001.db").touch()
    assert journal.of("a") == {"a": "one"}
    journal.follower.close()
    for file in journal.index.parent.glob("index.db*"):
        file.write_bytes(b"no database" * 1000)
    with pytest.raises(TidegateError, match="the index cannot be read: file is not a database"):
        journal.reader.last(["a"], 0.2)


# A worker's memory.


async def asked(registered: Registered, *devices: str) -> list[tuple[str | None, str]]:
    """What is heard of these devices, all asked at once."""
    loop = asyncio.get_running_loop()
    heard = [loop.create_future() for _ in devices]
    for device, future in zip(devices, heard, strict=True):
        registered.specification(device, lambda found, why, future=future: future.set_result((found, why)))
    return await asyncio.gather(*heard)


async def test_a_worker_asks_the_journal_for_many_devices_at_once(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    segment.write(*(segment.row(events=[registered(f"d{number}", f"s{number}")]) for number in range(200)))
    known = Registered(journal.index, journal.path / "default", "default")
    devices = [f"d{number}" for number in range(300)] * 2
    found = await asked(known, *devices)
    assert found == [(f"s{number}" if number < 200 else None, "") for number in range(300)] * 2
    known.close()


async def test_a_workers_own_registrations_count_at_once_and_the_newest_wins(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    segment.write(segment.row(received=NOW + 50, events=[registered("a", "kept"), registered("b", "kept")]))
    known = Registered(journal.index, journal.path / "default", "default")
    own = msgspec.json.encode([registered("a", "own"), registered("b", "own"), registered("c", "own"), MEASURED])
    known.note(request_id(NOW + 100, 0), own)
    assert await asked(known, "a", "c") == [("own", ""), ("own", "")]
    known.note(request_id(NOW + 1, 0), msgspec.json.encode([registered("a", "older")]))
    assert await asked(known, "a") == [("own", "")]
    long = "x" * 100_000
    known.note(request_id(NOW + 200, 0), msgspec.json.encode([registered(long, "own")]))
    assert await asked(known, long) == [(None, "")]  # a device's own word is not remembered at any length
    known.close()
    assert await asked(known, "d") == [(None, "")]


async def test_a_workers_memory_is_bounded(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    segment.write(segment.row(events=[registered("first", "kept")]))
    known = Registered(journal.index, journal.path / "default", "default")
    assert await asked(known, "first") == [("kept", "")]
    for number in range(MOST_KNOWN):
        known.note(request_id(NOW + 100 + number, 0), msgspec.json.encode([registered(f"d{number}", "s")]))
    segment.write(segment.row(received=NOW + 50, events=[registered("first", "later")]))
    assert await asked(known, "first", f"d{MOST_KNOWN - 1}") == [("later", ""), ("s", "")]  # forgotten, and looked for
    known.close()


async def test_who_waits_for_a_damaged_index_hears_why(journal: Journal) -> None:
    journal.follower.close()
    for file in journal.index.parent.glob("index.db*"):
        file.write_bytes(b"no database" * 1000)
    known = Registered(journal.index, journal.path / "default", "default")
    ((found, why),) = await asked(known, "a")
    assert found is None
    assert why == "the index cannot be read: file is not a database"
    known.close()
