"""Decode segments: which decode of a request is current, in whatever order rows are taken, and when they go."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.control.failures import FailureQuery
from core.control.received import Query
from core.journal.audience import Audience
from core.journal.decodes import DecodeWriter, NewDecode, decodes_to_undo, last_numbers, of_replay
from core.journal.follower import Follower
from core.journal.reader import Reader
from core.journal.registrations import RegistrationReader
from core.journal.request_id import id_text
from core.journal.retention import sweep
from core.journal.rows import DECODED, FAILED
from core.journal.settling import Redecoded
from core.model.events import Event, Measurements, Registration

from .segments import NOW, SegmentFile

NO_PROCESS = 2**22 + 1


class Journal:
    """A journal that is followed."""

    def __init__(self, folder: Path) -> None:
        self.path, self.index = folder / "journal", folder / "index.db"
        self.source = self.path / "default" / "lora"
        self.redecoded: list[Redecoded] = []
        self.follow()
        self.reader = Reader(self.path, self.index)

    def follow(self) -> None:
        self.follower = Follower(
            self.path, self.index, Audience(lambda rows: None, since=0, on_redecoded=self.redecoded.extend)
        )

    def rebuild(self) -> None:
        self.follower.close()
        for file in self.index.parent.glob("index.db*"):
            file.unlink()
        self.follow()
        self.follower.take()

    def writer(self, replay: str = "replay", deduplicator: str | None = None) -> DecodeWriter:
        return DecodeWriter(self.source, "default", "lora", replay, deduplicator)

    def values(self) -> dict[str, float]:
        """The value of each event, by its id."""
        events = self.reader.events(Query(limit=10_000)).events
        return {event.id: event.measurements["v"] for event in events if isinstance(event, Measurements)}

    def everything(self) -> object:
        """All that can be asked of requests, events and histories."""
        requests = self.reader.requests(Query(limit=10_000)).requests
        events = self.reader.events(Query(limit=10_000)).events
        failed = self.reader.requests(Query(outcome="failed", limit=10_000)).requests
        return requests, events, failed, self.groups(), [self.reader.request(each.id) for each in requests]

    def groups(self) -> dict[str, int]:
        """How many requests are in each group of failures."""
        return {group.reason: group.count for group in self.reader.failures(FailureQuery(), {}).groups}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    yield journal
    journal.follower.close()


def measured(value: float, device: str = "d", alternate_id: str | None = None) -> Event:
    return Measurements(hardware_id=device, measurements={"v": value}, alternate_id=alternate_id)


def decode(request: bytes, number: int, *events: Event, reason: str | None = None, received: int = NOW) -> NewDecode:
    return NewDecode(
        request=request,
        received=received,
        number=number,
        at=NOW,
        outcome_code=DECODED if reason is None else FAILED,
        encoded=msgspec.json.encode(events) if events else None,
        reason=reason,
        micros=5,
    )


def undone(request: bytes, number: int) -> NewDecode:
    return NewDecode(request=request, received=NOW, number=number, at=NOW, undone=True)


def test_a_later_decode_is_current_everywhere_and_the_first_is_again_when_it_is_undone(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    segment.write(segment.row(outcome=FAILED, reason="bad"))
    (id,) = (bytes.fromhex(each.id.replace("-", "")) for each in _taken(journal))
    writer = journal.writer()
    writer.add([decode(id, 1, measured(1), measured(2, "e"))])
    journal.follower.take()
    text = id_text(id)
    assert journal.values() == {f"{text}.r1.0": 1, f"{text}.r1.1": 2}
    assert journal.reader.requests(Query(outcome="failed")).requests == []
    assert [each.id for each in journal.reader.requests(Query(device="e")).requests] == [text]
    assert journal.reader.requests(Query(filter="events:2 outcome:decoded")).requests[0].replayed == 1
    assert [(each.row.number, each.before) for each in journal.redecoded] == [(1, FAILED)]
    assert journal.groups() == {}
    after = journal.reader.events(Query(after=f"{text}.r1.0")).events
    assert [event.id for event in after] == [f"{text}.r1.1"]
    writer.add([undone(id, 1)])
    journal.follower.take()
    assert journal.values() == {}
    assert journal.reader.requests(Query(outcome="failed")).requests[0].reason == "bad"
    assert journal.groups() == {"bad": 1}
    detail = journal.reader.request(text)
    assert [(each.number, each.current, each.undone) for each in detail.decodes] == [(0, True, False), (1, False, True)]
    assert detail.decodes[1].events[0].superseded_by == text
    writer.close()


def test_a_request_that_fails_in_another_way_when_it_is_decoded_again_changes_its_group(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    segment.write(*(segment.row(outcome=FAILED, reason="bad") for _ in range(2)))
    id, _ = (bytes.fromhex(each.id.replace("-", "")) for each in _taken(journal))
    writer = journal.writer()
    writer.add([decode(id, 1, reason="worse")])
    journal.follower.take()
    assert journal.groups() == {"bad": 1, "worse": 1}
    (worse,) = (each for each in journal.reader.failures(FailureQuery(), {}).groups if each.reason == "worse")
    assert worse.sample is not None
    assert (worse.sample.id, worse.sample.reason) == (id_text(id), "worse")
    writer.close()


def _taken(journal: Journal) -> list[object]:
    journal.follower.take()
    return list(journal.reader.requests(Query()).requests)  # type: ignore[arg-type]  # requests are objects


STEPS = st.lists(st.tuples(st.sampled_from(["decode", "undo", "take", "rebuild"]), st.integers(0, 3)), max_size=12)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.booleans())
def test_the_current_decode_is_the_last_that_is_not_undone(steps: list[tuple[str, int]], taken_late: bool) -> None:
    with TemporaryDirectory() as folder:
        journal = Journal(Path(folder))
        segment = SegmentFile(journal.path)
        ids = segment.fill(0) + [bytes(row[1]) for row in _rows(segment)]  # type: ignore[arg-type]  # ids are bytes
        decodes: dict[int, list[bool]] = {number: [] for number in range(4)}
        writer = journal.writer()
        if not taken_late:
            journal.follower.take()
        for what, place in steps:
            of = decodes[place]
            match what:
                case "decode":
                    of.append(True)
                    writer.add([decode(ids[place], len(of), measured(len(of)))])
                case "undo" if True in of:
                    number = len(of) - of[::-1].index(True)
                    of[number - 1] = False
                    writer.add([undone(ids[place], number)])
                case "take":
                    journal.follower.take()
                case "rebuild":
                    journal.rebuild()
                case _:
                    pass
        journal.follower.take()
        expected: dict[str, float] = {}
        for place, of in decodes.items():
            number = len(of) - of[::-1].index(True) if True in of else 0
            expected[f"{id_text(ids[place])}.r{number}.0" if number else f"{id_text(ids[place])}.0"] = number
        assert journal.values() == expected
        before = journal.everything()
        journal.rebuild()
        assert journal.everything() == before
        writer.close()
        segment.close()
        journal.follower.close()


def _rows(segment: SegmentFile) -> list[tuple[object, ...]]:
    rows = [segment.row(events=[measured(0)]) for _ in range(4)]
    segment.write(*rows)
    return rows


def test_the_alternate_id_deduplicator_sees_replayed_events(journal: Journal) -> None:
    segment = SegmentFile(journal.path, deduplicator="alternate_id")
    rows = [segment.row(events=[measured(0, alternate_id=each)]) for each in ("a", "b")]
    segment.write(*rows)
    first, second = (row[1] for row in rows)
    assert isinstance(first, bytes)
    assert isinstance(second, bytes)
    journal.follower.take()
    writer = journal.writer(deduplicator="alternate_id")
    writer.add([decode(first, 1, measured(1, alternate_id="x")), decode(second, 1, measured(1, alternate_id="x"))])
    journal.follower.take()
    events = journal.reader.events(Query()).events
    assert [event.duplicate_of for event in events] == [None, f"{id_text(first)}.r1.0"]
    journal.rebuild()
    assert journal.reader.events(Query()).events == events
    writer.close()


def test_a_registration_of_a_replay_counts_before_it_is_indexed_and_after(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    row = segment.row(events=[])
    segment.write(row)
    journal.follower.take()
    writer = journal.writer()
    assert isinstance(row[1], bytes)
    writer.add([decode(row[1], 1, Registration(hardware_id="d", specification_token="meter"))])
    reader = RegistrationReader(journal.index, journal.path / "default", "default")
    assert reader.last(["d"], 5.0)["d"].specification == "meter"
    journal.follower.take()
    assert reader.last(["d"], 5.0)["d"].specification == "meter"
    writer.close()


def test_what_a_replay_has_done_is_read_from_its_segments_alone(journal: Journal) -> None:
    ids = SegmentFile(journal.path).fill(3)
    for replay, some in (("one", ids[:2]), ("two", ids[2:]), ("one", ids[2:])):
        writer = journal.writer(replay)
        writer.add([decode(id, 1 if replay == "two" else 2, reason="no") for id in some])
        writer.close()
    (journal.source / "replays" / f"{id_text(ids[0])}.db").touch()  # whose writer ended before it had begun
    one = of_replay(journal.source, "one")
    assert (one.done, one.failed, one.last, one.undone) == (3, 3, ids[2], 0)
    assert last_numbers(journal.source, {}) == {ids[0]: 2, ids[1]: 2, ids[2]: 2}
    writer = journal.writer("one")
    writer.add([undone(ids[0], 2)])
    writer.close()
    assert [request for request, _, _ in decodes_to_undo(journal.source, "one")] == ids[1:]
    assert of_replay(journal.source, "one").undone == 1


def test_decodes_go_with_the_last_of_their_requests(journal: Journal) -> None:
    day = 86_400_000
    files: list[Path] = []
    ids: list[bytes] = []
    for age in (9, 2):
        segment = SegmentFile(journal.path, pid=NO_PROCESS)
        row = segment.row(received=NOW - age * day)
        segment.write(row)
        segment.close()
        files.append(segment.file)
        assert isinstance(row[1], bytes)
        ids.append(row[1])
    writer = journal.writer()
    writer.add([decode(id, 1, measured(1), received=NOW) for id in ids])
    writer.close()
    connection = sqlite3.connect(writer.path)
    connection.execute("UPDATE meta SET value = ? WHERE key = 'pid'", (str(NO_PROCESS),))
    connection.commit()
    connection.close()
    for kept, decodes_kept in ((7, True), (1, False)):
        for _ in range(2):
            journal.follower.take()
        sweep(journal.path, journal.index, age=kept * 86_400, size=None, now=NOW / 1000)
        assert writer.path.exists() == decodes_kept
    assert not any(file.exists() for file in files)
    assert journal.values() == {}


def test_a_decode_segment_that_is_gone_leaves_the_decodes_before(journal: Journal) -> None:
    segment = SegmentFile(journal.path)
    row = segment.row(events=[measured(0)])
    segment.write(row)
    assert isinstance(row[1], bytes)
    for number in (1, 2):
        writer = journal.writer(str(number))
        writer.add([decode(row[1], number, measured(number))])
        writer.close()
    journal.follower.take()
    assert list(journal.values().values()) == [2]
    for suffix in ("", "-wal", "-shm"):
        writer.path.with_name(writer.path.name + suffix).unlink(missing_ok=True)
    journal.follower.take()
    assert list(journal.values().values()) == [1]
