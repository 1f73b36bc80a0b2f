"""What a query asks of the index and what it holds row by row against the filter must come to the same."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.control.received import Query
from core.journal.audience import Audience
from core.journal.follower import Follower
from core.journal.reader import Reader
from core.journal.rows import DECODED, FAILED, REFUSED
from core.journal.taken import TakenRow
from core.model.events import Alert, Event, Location, Measurements
from core.model.filter import parse_filter

from .segments import NOW, SegmentFile

WORDS = [
    "tenant:acme", "-tenant:acme", "source:l*", "source:lora", "device:d1", "-device:d1", "device:d*", "device:d2",
    "type:alert", "-type:alert", "type:measurements", "type:*", "level:error", "-level:info", "level:*",
    "outcome:failed", "-outcome:decoded", "outcome:refused", "outcome:*ed", "status:200", "status:>=400", "status:4*",
    "-status:*", "status:<400", "-status:>=400", "remote:10.0.0.1", "method:post", "-method:*", "target:/lora",
    "reason:missing", "ms:>5", "ms:<=0.8", "bytes:>20", "-bytes:>20", "events:0", "events:>1", "needle", "-needle",
    "missing", '"d1"', "payload:NEEDLE", "-payload:needle", "payload:a*here", "payload:0x6e65", "status:42*",
    "-outcome:refused", "source:g*", "-source:lora",
]  # fmt: skip


class Journal:
    def __init__(self, folder: Path) -> None:
        self.rows: list[TakenRow] = []
        follower = Follower(folder / "journal", folder / "index.db", Audience(self.rows.extend, since=0))
        choose = random.Random(20260801)
        for tenant, source in (("acme", "lora"), ("acme", "gate"), ("default", "lora")):
            segment = SegmentFile(follower.journal_dir, tenant, source)
            segment.write(*(self._row(segment, choose) for _ in range(150)))
        follower.take()
        follower.close()
        self.rows.sort(key=lambda row: row.request)
        self.reader = Reader(folder / "journal", folder / "index.db")

    @staticmethod
    def _row(segment: SegmentFile, choose: random.Random) -> tuple[object, ...]:
        outcome = choose.choices((DECODED, FAILED, REFUSED), (6, 2, 1))[0]
        makers = (
            lambda device: Measurements(hardware_id=device, measurements={"t": 1.0}),
            lambda device: Location(hardware_id=device, latitude=1.0, longitude=2.0),
            lambda device: Alert(
                hardware_id=device, type="hot", message="hot", level=choose.choice(("Info", "Error", "Critical"))
            ),
        )
        events: list[Event] = [
            choose.choice(makers)(choose.choice(("d1", "d2", "other"))) for _ in range(choose.randrange(4))
        ]
        return segment.row(
            received=NOW + choose.randrange(1000),
            remote=f"10.0.0.{choose.randrange(3)}:4000",
            payload=choose.choice((b"a needle in here", b"nothing", b"x" * 30, b"")),
            events=events if outcome == DECODED else [],
            outcome=outcome,
            reason=None if outcome == DECODED else choose.choice(("id is missing", "too large")),
            status=choose.choice((200, 401, 422, None)),
            micros=choose.choice((800, 5001, 40_000)),
            head=choose.choice((1, None)),
        )


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    return Journal(tmp_path_factory.mktemp("journal"))


FILTERS = WORDS + [" ".join(random.Random(seed).sample(WORDS, 2)) for seed in range(60)]


@pytest.mark.parametrize("text", FILTERS)
def test_requests(journal: Journal, text: str):
    matches = parse_filter(text).matches
    page = journal.reader.requests(Query(filter=text, limit=1000))
    assert [request.id for request in page.requests] == [row.id for row in journal.rows if matches(row)]


@pytest.mark.parametrize("text", FILTERS)
def test_events(journal: Journal, text: str):
    matches = parse_filter(text).matches
    expected = [
        f"{row.id}.{place}" for row in journal.rows for place in range(row.event_count) if matches(row.of_event(place))
    ]
    page = journal.reader.events(Query(filter=text, limit=10_000))
    assert [event.id for event in page.events] == expected


def test_events_of_requests_with_several(journal: Journal):
    page = journal.reader.events(Query(filter="events:>1", limit=10_000))
    assert len(page.events) == sum(row.event_count for row in journal.rows if row.event_count > 1)


def test_every_word_matches_some_rows_and_not_others(journal: Journal):
    for word in WORDS:
        met = sum(map(parse_filter(word).matches, journal.rows))
        assert 0 < met < len(journal.rows) or word == "outcome:*ed", word
