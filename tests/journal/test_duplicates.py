"""Events whose alternate id is known already, over real segments."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.control.received import Query
from core.engine.tap import Tap
from core.journal.audience import Audience
from core.journal.follower import Follower
from core.journal.reader import Reader
from core.journal.retention import sweep
from core.journal.taken import TakenRow
from core.model.events import Alert, Event, Measurements
from core.model.filter import parse_filter

from .segments import NOW, SegmentFile


class Journal:
    """A journal that is followed, and what is read of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "journal"
        self.index = folder / "index.db"
        self.passed_on: list[TakenRow] = []
        self.follow()
        self.reader = Reader(self.path, self.index)

    def follow(self) -> None:
        self.follower = Follower(self.path, self.index, Audience(self.passed_on.extend, since=0))

    def rebuild(self) -> None:
        """Does away with the index and takes everything again."""
        self.follower.close()
        for file in self.index.parent.glob("index.db*"):
            file.unlink()
        self.follow()
        self.follower.take()

    def duplicates(self) -> dict[str, str | None]:
        """What each event is a duplicate of."""
        return {event.id: event.duplicate_of for event in self.reader.events(Query(limit=10_000)).events}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    yield journal
    journal.follower.close()


def measured(alternate_id: str | None, device: str = "d1") -> Event:
    return Measurements(hardware_id=device, measurements={"t": 1.0}, alternate_id=alternate_id)


def test_the_second_event_with_an_alternate_id_is_a_duplicate_of_the_first(journal: Journal) -> None:
    segment = SegmentFile(journal.path, deduplicator="alternate_id")
    alert = Alert(hardware_id="d2", type="fire", message="hot", alternate_id="b")
    segment.write(segment.row(events=[measured("a"), measured(None), measured("")]))
    segment.write(segment.row(events=[measured(None), measured("a", "another"), alert, alert]))
    journal.follower.take()
    first, second = (request.id for request in journal.reader.requests(Query()).requests)
    assert journal.duplicates() == {
        f"{first}.0": None,
        f"{first}.1": None,
        f"{first}.2": None,
        f"{second}.0": None,
        f"{second}.1": f"{first}.0",
        f"{second}.2": None,
        f"{second}.3": f"{second}.2",
    }
    detail = journal.reader.request(second)
    assert [event.duplicate_of for event in detail.decoded] == [None, f"{first}.0", None, f"{second}.2"]
    (_, row) = journal.reader.traffic(Query()).rows
    assert [brief.text for brief in row.decoded] == [
        "t 1.0",
        f"duplicate of {first}.0  t 1.0",
        "Info  fire  hot",
        f"duplicate of {second}.2  Info  fire  hot",
    ]


def test_only_sources_with_the_deduplicator_have_duplicates_but_every_event_of_the_tenant_is_known(
    journal: Journal,
) -> None:
    plain = SegmentFile(journal.path, source="plain")
    with_one = SegmentFile(journal.path, source="deduplicated", deduplicator="alternate_id")
    elsewhere = SegmentFile(journal.path, tenant="other", deduplicator="alternate_id")
    for number, segment in enumerate((plain, with_one, plain, elsewhere)):
        segment.write(segment.row(received=NOW + number, events=[measured("a")]))
    journal.follower.take()
    ids = [request.id for request in journal.reader.requests(Query()).requests]
    assert journal.duplicates() == {
        f"{ids[0]}.0": None,
        f"{ids[1]}.0": f"{ids[0]}.0",
        f"{ids[2]}.0": None,
        f"{ids[3]}.0": None,
    }


def test_an_index_built_again_has_the_same_duplicates_whatever_the_order_of_taking(journal: Journal) -> None:
    dice = random.Random(4)
    segments = [
        SegmentFile(journal.path, source=f"s{number}", deduplicator="alternate_id" if number else None)
        for number in range(3)
    ]
    for number in range(300):
        segment = dice.choice(segments)
        events = [measured(f"a{dice.randrange(40)}") for _ in range(dice.randrange(4))]
        segment.write(segment.row(received=NOW + dice.randrange(500), events=events))
        if number % 20 == 0:
            journal.follower.take()
    journal.follower.take()
    before = journal.duplicates()
    assert 100 < sum(1 for original in before.values() if original) < 300
    assert all(before[original] is None or original < id for id, original in before.items() if original)
    journal.rebuild()
    assert journal.duplicates() == before


def test_an_alternate_id_is_known_for_as_long_as_an_event_with_it_is_kept(journal: Journal) -> None:
    old = SegmentFile(journal.path, pid=1 << 22, deduplicator="alternate_id")
    new = SegmentFile(journal.path, deduplicator="alternate_id")
    old.write(old.row(received=NOW, events=[measured("a")]))
    old.close()
    for number in (1, 2):
        new.write(new.row(received=NOW + number, events=[measured("a")]))
    journal.follower.take()
    journal.follower.take()  # which sees that nobody writes the old one any more
    first, second, third = journal.duplicates()
    assert journal.duplicates() == {first: None, second: first, third: first}
    swept = sweep(journal.path, journal.index, age=1, size=None, now=NOW / 1000 + 100, live={new.path})
    assert swept.segments == 1
    assert journal.duplicates() == {second: None, third: second}
    journal.rebuild()
    assert journal.duplicates() == {second: None, third: second}


def test_a_feed_of_events_leaves_duplicates_out_and_one_of_requests_says_what_they_are(journal: Journal) -> None:
    segment = SegmentFile(journal.path, deduplicator="alternate_id")
    segment.write(segment.row(events=[measured("a", "first")]))
    segment.write(segment.row(events=[measured("a", "again"), measured("b", "other")]))
    segment.write(segment.row(events=[measured("b", "again")]))
    journal.follower.take()
    tap = Tap(lambda: 100.0)
    events = tap.subscribe(parse_filter(""), events=True)
    again = tap.subscribe(parse_filter("device:again"), events=True)
    requests = tap.subscribe(parse_filter(""))
    tap.offer(journal.passed_on)
    frame = events.frame()
    assert frame is not None
    assert [event.hardware_id for event in frame.events] == ["first", "other"]
    assert again.frame() is None
    shown = requests.frame()
    assert shown is not None
    assert [[brief.text.split()[0] for brief in row.decoded] for row in shown.rows] == [
        ["t"],
        ["duplicate", "t"],
        ["duplicate"],
    ]
