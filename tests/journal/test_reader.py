"""Queries over real segments: what is found, in which order, page by page."""

import itertools
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from core.control.received import Query
from core.errors import NotFound
from core.journal.follower import Follower
from core.journal.follower_thread import FollowerThread
from core.journal.query import QueryError
from core.journal.reader import Reader
from core.journal.request_id import id_text
from core.journal.rows import FAILED, REFUSED
from core.journal.search import MOST_SCANNED
from core.journal.segment import SegmentWriter
from core.model.dates import date_text
from core.model.events import Alert, Event, Location, Measurements, event_json
from core.model.filter import FilterError

from .segments import NOW, SegmentFile, request_id


class Home:
    """A journal with an index, and everything that asks them."""

    def __init__(self, folder: Path) -> None:
        self.journal = folder / "journal"
        self.index = folder / "index.db"
        self.follower = Follower(self.journal, self.index)
        self.reader = Reader(self.journal, self.index)

    def segment(self, tenant: str = "default", source: str = "lora") -> SegmentFile:
        return SegmentFile(self.journal, tenant, source)

    def ids(self, **query: object) -> list[str]:
        return [request.id for request in self.reader.requests(Query(**query)).requests]  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path):
    home = Home(tmp_path)
    yield home
    home.follower.close()


def measured(device: str) -> Event:
    return Measurements(hardware_id=device, measurements={"rssi": -111.0})


def alert(device: str, level: str = "Info") -> Event:
    return Alert(hardware_id=device, type="hot", message="it is hot", level=level)  # type: ignore[arg-type]


def test_an_empty_journal_gives_empty_pages(home: Home):
    home.follower.take()
    assert home.reader.requests(Query()).requests == []
    assert home.reader.events(Query()).events == []
    assert home.reader.traffic(Query()).more is False


def test_the_newest_are_given_oldest_first(home: Home):
    ids = [id_text(each) for each in home.segment().fill(10)]
    home.follower.take()
    assert home.ids(limit=3) == ids[-3:]


def test_rows_of_several_workers_are_in_order_of_their_ids(home: Home):
    first, second = home.segment(), home.segment()
    for at in range(20):
        segment = random.choice((first, second))
        segment.write(segment.row(received=NOW + at, id=request_id(NOW + at, at)))
    home.follower.take()
    assert home.ids() == [id_text(request_id(NOW + at, at)) for at in range(20)]


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
@pytest.mark.parametrize("filter", ["", "device:d1", "-device:d1", "rssi"])
def test_pages_backwards_and_forwards_hold_every_row_once(home: Home, limit: int, filter: str):
    segments = [home.segment(), home.segment(source="other")]
    for number in range(40):
        segment = segments[number % 2]
        device = f"d{number % 3}"
        row = segment.row(received=NOW + number, id=request_id(NOW + number, number), events=[measured(device)] * 2)
        segment.write(row)
    home.follower.take()
    everything = home.ids(filter=filter, limit=100)

    backwards: list[str] = []
    page = home.reader.requests(Query(filter=filter, limit=limit))
    backwards[:0] = [request.id for request in page.requests]
    while page.more:
        page = home.reader.requests(Query(filter=filter, limit=limit, before=page.next))
        backwards[:0] = [request.id for request in page.requests]
    assert backwards == everything

    forwards: list[str] = []
    page = home.reader.requests(Query(filter=filter, limit=limit, after="00000000-0000-0000-0000-000000000000"))
    forwards += [request.id for request in page.requests]
    while page.more:
        page = home.reader.requests(Query(filter=filter, limit=limit, after=page.next))
        forwards += [request.id for request in page.requests]
    assert forwards == everything


def test_pages_of_events_may_end_within_a_request(home: Home):
    segment = home.segment()
    segment.write(*(segment.row(events=[measured(f"d{n}") for n in range(5)]) for _ in range(4)))
    home.follower.take()
    everything = [event.id for event in home.reader.events(Query(limit=100)).events]
    assert len(set(everything)) == 20
    pages: list[list[str]] = []
    cursor = None
    for _ in range(20):
        page = home.reader.events(Query(limit=3, before=cursor))
        pages.insert(0, [event.id for event in page.events])
        if not page.more:
            break
        cursor = page.events[0].id
    assert list(itertools.chain(*pages)) == everything


def test_a_request_given_as_cursor_of_events_leaves_out_all_of_its_own(home: Home):
    segment = home.segment()
    segment.write(*(segment.row(events=[measured("a"), measured("b")]) for _ in range(3)))
    home.follower.take()
    first, second, third = home.ids()
    assert [event.request for event in home.reader.events(Query(before=second)).events] == [first] * 2
    assert [event.request for event in home.reader.events(Query(after=second)).events] == [third] * 2


def test_requests_by_tenant_source_outcome_and_date(home: Home):
    lora, other = home.segment(), home.segment("acme", "lora")
    lora.write(lora.row(received=NOW), lora.row(received=NOW + 1000, outcome=FAILED, reason="no key id", status=422))
    other.write(other.row(received=NOW + 2000), other.row(received=NOW + 3000, outcome=REFUSED, status=401))
    home.follower.take()
    assert len(home.ids(tenant="default")) == len(home.ids(tenant="acme", source="lora")) == 2
    assert home.ids(tenant="acme", source="gone") == []
    assert [request.reason for request in home.reader.requests(Query(outcome="failed")).requests] == ["no key id"]
    assert [request.status for request in home.reader.requests(Query(filter="outcome:refused")).requests] == [401]
    assert len(home.ids(since=date_text(NOW + 1000))) == 3
    assert len(home.ids(since=date_text(NOW + 1000), until=date_text(NOW + 3000))) == 2
    assert len(home.ids(until=date_text(NOW))) == 0


def test_dates_hold_where_a_clock_was_set_back_and_ids_run_ahead(home: Home):
    segment = home.segment()
    ahead = NOW + 10**10
    segment.write(*(segment.row(received=NOW + n, id=request_id(ahead, n)) for n in range(5)))
    home.follower.take()
    assert len(home.ids(since=date_text(NOW + 3), until=date_text(NOW + 5))) == 2


def test_requests_by_device_and_type_need_one_event_that_is_both(home: Home):
    segment = home.segment()
    segment.write(
        segment.row(events=[measured("a"), alert("b")]),
        segment.row(events=[alert("a", "Error"), measured("a")]),
        segment.row(events=[Location(hardware_id="a", latitude=1.0, longitude=2.0)]),
    )
    home.follower.take()
    one, two, three = home.ids()
    assert home.ids(device="a") == [one, two, three]
    assert home.ids(type="Alert") == [one, two]
    assert home.ids(type="measurements") == [one, two]
    assert home.ids(device="a", type="Alert") == [two]
    assert home.ids(filter="device:a type:alert") == [one, two]
    assert home.ids(filter="level:error") == [two]
    assert home.ids(filter="-type:alert") == [three]
    assert home.ids(device="nobody") == []


def test_a_filter_of_events_is_held_against_each_event(home: Home):
    segment = home.segment()
    segment.write(segment.row(events=[measured("a"), alert("b", "Error")]), segment.row(events=[alert("c")]))
    home.follower.take()
    found = home.reader.events(Query(filter="type:alert")).events
    assert [event.hardware_id for event in found] == ["b", "c"]
    assert [event.hardware_id for event in home.reader.events(Query(filter="-type:alert")).events] == ["a"]
    assert [event.hardware_id for event in home.reader.events(Query(filter="level:Error")).events] == ["b"]
    assert [event.hardware_id for event in home.reader.events(Query(device="c", type="Alert")).events] == ["c"]


def test_an_event_says_where_it_came_from(home: Home):
    segment = home.segment()
    segment.write(segment.row(received=NOW, events=[measured("a"), measured("b")]))
    home.follower.take()
    (request,) = home.ids()
    shown = event_json(home.reader.events(Query()).events[1])
    assert shown["id"] == f"{request}.1"
    assert (shown["tenant"], shown["eventSource"], shown["request"]) == ("default", "lora", request)
    assert shown["receivedDate"] == shown["eventDate"] == date_text(NOW)


def test_a_request_whole(home: Home):
    segment = home.segment()
    payload = bytes(range(256)) * 40
    row = segment.row(
        payload=payload,
        remote="[::1]:5",
        metadata=b'{"auth.name":"gateway"}',
        state=b'{"n":1}',
        log="wörter\n".encode(),
    )
    segment.write(row)
    home.follower.take()
    (id,) = home.ids()
    detail = home.reader.request(id)
    assert detail.payload == payload
    assert detail.bytes == len(payload)
    assert detail.head.startswith(b"POST /lora")
    assert (detail.state, detail.log) == ({"n": 1}, "wörter\n")
    assert [event.id for event in detail.decoded] == [f"{id}.0"]
    assert detail.metadata == {
        "http.method": "POST",
        "http.target": "/lora",
        "source": "lora",
        "remote.host": "::1",
        "remote.port": 5,
        "received": detail.received_date,
        "auth.name": "gateway",
    }


@pytest.mark.parametrize("id", ["", "x", "0198c0de-0000-7000-8000-000000000000", "../../etc/passwd"])
def test_a_request_that_is_not_kept_is_not_found(home: Home, id: str):
    home.follower.take()
    with pytest.raises(NotFound):
        home.reader.request(id)


@pytest.mark.parametrize(
    "query",
    [Query(before="x"), Query(after="0198c0de"), Query(since="yesterday"), Query(type="Alarm")],
)
def test_a_query_that_means_nothing_is_refused_with_a_sentence(home: Home, query: Query):
    with pytest.raises(QueryError, match=r"'x'|'0198c0de'|'yesterday'|Alarm"):
        home.reader.events(query)


def test_a_faulty_filter_is_refused_with_its_column(home: Home):
    with pytest.raises(FilterError) as raised:
        home.reader.requests(Query(filter="rssi sorce:lora"))
    assert raised.value.column == 6


def test_a_bare_word_is_found_in_the_first_of_a_payload_alone(home: Home):
    segment = home.segment()
    segment.write(segment.row(payload=b"x" * 4090 + b"NEEDLE"), segment.row(payload=b"x" * 4091 + b"NEEDLE"))
    home.follower.take()
    assert len(home.ids(filter="needle")) == 1


def test_a_filter_that_finds_little_stops_and_says_where_to_go_on(home: Home):
    segment = home.segment()
    wanted = segment.row(payload=b"needle")
    segment.write(wanted)
    segment.fill(MOST_SCANNED + 10)
    home.follower.take()
    page = home.reader.requests(Query(filter="needle"))
    assert page.requests == []
    assert page.more
    while not page.requests:
        assert page.looked <= MOST_SCANNED
        assert page.reached is not None
        page = home.reader.requests(Query(filter="needle", before=page.next))
    assert [request.bytes for request in page.requests] == [6]
    assert not page.more


def test_text_and_bytes_are_found_in_a_whole_payload(home: Home):
    segment = home.segment()
    far = b"x" * 10_000
    rows = [
        segment.row(payload=payload)
        for payload in (far + b"Needle", far + "Näedle".encode(), far + b"\x78\x78\x0d\x01", far + b"0x78780d01", far)
    ]
    segment.write(*rows)
    home.follower.take()

    def found(filter: str) -> list[int]:
        ids = [id_text(bytes(row[1])) for row in rows]  # type: ignore[arg-type]  # the column is bytes
        return [ids.index(id) for id in home.ids(filter=filter)]

    assert found("payload:needle") == [0]
    assert found("payload:NÄEDLE") == [1]
    assert found("payload:0x78780d01") == [2, 3]
    assert found("payload:x*dle") == [0, 1]
    assert found("-payload:dle") == [2, 3, 4]
    assert found("payload:needle payload:x") == [0]
    assert found("needle") == []
    assert home.reader.count(Query(tenant="default")) == 5


def test_a_text_that_is_nowhere_is_looked_for_to_the_end_in_calls_of_bounded_work(home: Home):
    segment = home.segment()
    segment.fill(30_000)
    home.follower.take()
    before, looked, reached = None, 0, "9"
    while True:
        page = home.reader.traffic(Query(filter="payload:nowhere", before=before))
        looked += page.looked
        if page.next is None:
            break
        assert page.reached is not None
        assert page.reached <= reached
        before, reached = page.next, page.reached
    assert looked == 30_000


def test_what_the_index_passes_over_is_gone_through_in_bounded_steps(home: Home, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("core.journal.candidates.STEPS", 50)
    monkeypatch.setattr("core.journal.candidates.FIRST_WINDOW", 7)
    monkeypatch.setattr("core.journal.candidates.WINDOW_ROWS", 3)
    monkeypatch.setattr("core.journal.search.SEARCH_SECONDS", 0.0)
    segments = [home.segment(), home.segment(source="other"), home.segment("acme")]
    for number in range(3000):
        segment = segments[number % 3]
        at = NOW + number // 3
        slow = number in (0, 5, 7, 1500, 2999)
        row = segment.row(
            received=at, id=request_id(at, number), micros=9_000_000 if slow else 5, events=[measured("d")] * 2
        )
        segment.write(row)
    home.follower.take()
    for order in ("before", "after"):
        cursor = "ffffffff-ffff-ffff-ffff-ffffffffffff" if order == "before" else "00000000-0000-0000-0000-000000000000"
        pages, found, events = 0, list[str](), list[str]()
        next: str | None = cursor
        while next is not None:
            page = home.reader.requests(Query(filter="ms:>1000", limit=2, **{order: next}))  # type: ignore[arg-type]
            found += [each.id for each in page.requests]
            next, pages = page.next, pages + 1
        assert len(found) == len(set(found)) == 5
        assert pages > 10
        next = cursor
        while next is not None:
            page = home.reader.events(Query(filter="ms:>1000", limit=3, **{order: next}))  # type: ignore[arg-type]
            events += [each.id for each in page.events]
            next = page.next
        assert len(events) == len(set(events)) == 10


def test_pages_stay_put_while_rows_arrive(home: Home):
    """What a page's cursor goes on from is an id: newer rows change nothing behind it."""
    segments = [home.segment(), home.segment(source="other")]
    for segment in segments:
        segment.fill(300)
    home.follower.take()
    thread = FollowerThread(home.follower)
    thread.start()
    ended = threading.Event()

    later = itertools.count(NOW + 100_000)  # an id is greater than all that are there

    def write() -> None:
        while not ended.is_set():
            for segment in segments:
                segment.write(segment.row(received=next(later), events=[measured("d1")]))
            thread.nudge()

    writing = threading.Thread(target=write)
    reader = Reader(home.journal, home.index, passed=thread.passed)
    for query in (Query(limit=17), Query(limit=17, device="d1"), Query(limit=17, source="lora")):
        first = reader.requests(msgspec.structs.replace(query, limit=10_000))
        last = first.requests[-1].id
        if not writing.is_alive():
            writing.start()
        seen: list[str] = []
        page = reader.requests(query)
        while True:
            seen[:0] = [each.id for each in page.requests]
            if not page.more:
                break
            page = reader.requests(msgspec.structs.replace(query, before=page.next))
        assert len(seen) == len(set(seen))
        assert seen == sorted(seen)
        assert [id for id in seen if id <= last] == [each.id for each in first.requests]
    ended.set()
    writing.join()
    thread.stop()


def test_rows_of_a_segment_that_is_gone_are_left_out(home: Home):
    kept, gone = home.segment(), home.segment()
    kept.fill(3)
    gone.fill(3)
    home.follower.take()
    gone.close()
    gone.file.unlink()
    assert len(home.ids()) == 3


def test_queries_answer_while_rows_come_and_segments_end(home: Home):
    """Readers in threads of their own, a follower in its own, writers that come and go: every answer is a whole one."""
    thread = FollowerThread(home.follower)
    reader = Reader(home.journal, home.index, passed=lambda: thread.passed(timeout=20))
    committed = 0
    faults: list[str] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            least = committed
            page = reader.requests(Query(limit=10_000))
            ids = [request.id for request in page.requests]
            if len(ids) < least or ids != sorted(ids) or page.behind:
                faults.append(f"{len(ids)} of {least}, {page.behind} behind")
            reader.events(Query(filter="device:d1", limit=50))
            reader.request(ids[-1])

    segment = home.segment()
    committed += len(segment.fill(1))
    thread.start()
    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        try:
            for _ in range(10):
                segment.close()
                segment = home.segment()
                for _ in range(10):
                    committed += len(segment.fill(10))
                    thread.nudge()
        finally:
            ended.set()
        for each in asking:
            each.result(timeout=30)
    thread.stop()
    assert faults == []


def test_the_workers_own_writer_is_understood(home: Home):
    writer = SegmentWriter(home.journal / "default" / "lora", "default", "lora")
    row = home.segment(source="other").row(payload=b"from a worker")
    writer.insert([(None, (*row[1:4], *row[5:]))])
    writer.commit()
    home.follower.take()
    detail = home.reader.request(home.ids()[0])
    assert (detail.payload, detail.tenant, detail.event_source, detail.method) == (
        b"from a worker",
        "default",
        "lora",
        None,
    )
    writer.close()
