"""Live feeds: what a subscriber is shown, what is left out, and that the count of it is exact."""

import itertools
import random

import msgspec
import pytest

from core.engine.tap import EVENTS_A_FRAME, HELD_ROWS, ROWS_A_SECOND, Feed, Tap
from core.journal.rows import DECODED, FAILED, REFUSED
from core.journal.taken import TakenRow, taken_row
from core.model.events import Alert, Event, Measurements
from core.model.filter import parse_filter

from .segments import NOW, request_id


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tap(clock: Clock) -> Tap:
    return Tap(clock)


_numbers = itertools.count(1)


def row(
    tenant: str = "default", outcome: int = DECODED, events: list[Event] | None = None, payload: bytes = b""
) -> TakenRow:
    seq = next(_numbers)
    if events is None and outcome == DECODED:
        events = [Measurements(hardware_id="d1", measurements={"t": 1.0})]
    encoded = msgspec.json.encode(events) if events else None
    reason = None if outcome == DECODED else "why"
    request = (seq, request_id(NOW + seq, seq), NOW + seq, "127.0.0.1:5", "POST", "/lora", payload)
    return taken_row(tenant, "lora", (*request, outcome, encoded, reason, 200, None, 10, 3))


def frames(feed: Feed, clock: Clock, seconds: float) -> tuple[int, int]:
    """Takes frames for so long; gives how many rows they had and how many they left out."""
    shown = left_out = 0
    for _ in range(round(seconds * 10)):
        clock.now += 0.1
        if frame := feed.frame():
            shown += len(frame.rows)
            left_out += frame.left_out
    return shown, left_out


def test_a_feed_shows_what_matches_in_order(tap: Tap, clock: Clock):
    feed = tap.subscribe(parse_filter("outcome:failed"), tenant="acme")
    wanted = [row("acme", FAILED), row("acme", FAILED)]
    tap.offer([row("acme"), wanted[0], row("default", FAILED), wanted[1]])
    clock.now += 0.1
    frame = feed.frame()
    assert frame is not None
    assert [shown.id for shown in frame.rows] == [each.id for each in wanted]
    assert (frame.left_out, frame.rate, frame.subscription) == (0, 2.0, feed.subscription)


def test_nothing_new_is_no_frame(tap: Tap, clock: Clock):
    feed = tap.subscribe(parse_filter(""))
    clock.now += 0.1
    assert feed.frame() is None
    tap.offer([row()])
    clock.now += 0.1
    assert feed.frame() is not None
    rates = []
    for _ in range(30):
        clock.now += 0.1
        if frame := feed.frame():
            rates.append(frame.rate)
    assert rates == [0.0], "the rate's fall to nothing is said once"


def test_every_row_is_shown_up_to_two_thousand_a_second_also_in_bursts(tap: Tap, clock: Clock):
    feed = tap.subscribe(parse_filter(""))
    for _ in range(4):
        tap.offer([row() for _ in range(ROWS_A_SECOND)])
        assert frames(feed, clock, 1.0) == (ROWS_A_SECOND, 0)


def test_above_that_failures_go_first_and_what_is_left_out_is_exact(tap: Tap, clock: Clock):
    feed = tap.subscribe(parse_filter(""))
    offered = shown = left_out = failed_shown = failed = 0
    choose = random.Random(7)
    for _ in range(50):
        rows = [row(outcome=choose.choices((DECODED, FAILED, REFUSED), (60, 1, 1))[0]) for _ in range(1000)]
        offered += len(rows)
        failed += sum(each.outcome_code != DECODED for each in rows)
        tap.offer(rows)
        clock.now += 0.1
        frame = feed.frame()
        assert frame is not None
        shown += len(frame.rows)
        left_out += frame.left_out
        failed_shown += sum(each.outcome != "decoded" for each in frame.rows)
        ids = [each.id for each in frame.rows]
        assert ids == sorted(ids)
    assert shown + left_out == offered
    assert failed_shown == failed
    assert ROWS_A_SECOND * 5 <= shown <= ROWS_A_SECOND * 6 + 10


def test_the_rest_is_thinned_evenly(tap: Tap, clock: Clock):
    feed = tap.subscribe(parse_filter(""))
    tap.offer([row() for _ in range(ROWS_A_SECOND)])
    feed.frame()
    clock.now += 0.1
    rows = [row() for _ in range(2000)]
    tap.offer(rows)
    frame = feed.frame()
    assert frame is not None
    places = {each.id: place for place, each in enumerate(rows)}
    shown = [places[each.id] for each in frame.rows]
    assert {later - earlier for earlier, later in itertools.pairwise(shown)} <= {9, 10, 11}


def test_a_subscriber_that_takes_no_frames_loses_rows_and_learns_how_many(tap: Tap, clock: Clock):
    feed = tap.subscribe(parse_filter(""))
    for _ in range(100):
        tap.offer([row(payload=b"x" * 4096) for _ in range(500)])
    clock.now += 60
    shown, left_out = frames(feed, clock, 10)
    assert shown + left_out == 50_000
    assert shown <= HELD_ROWS


def test_a_feed_of_events_holds_the_filter_against_each(tap: Tap, clock: Clock):
    feed = tap.subscribe(parse_filter("type:alert"), events=True)
    alert = Alert(hardware_id="b", type="hot", message="hot")
    mixed = row(events=[Measurements(hardware_id="a", measurements={"t": 1.0}), alert])
    tap.offer([row(), mixed, row(outcome=FAILED)])
    clock.now += 0.1
    frame = feed.frame()
    assert frame is not None
    assert [each.id for each in frame.rows] == [mixed.id]
    assert [event.id for event in frame.events] == [f"{mixed.id}.1"]


def test_many_events_are_spread_over_frames_and_none_is_lost(tap: Tap, clock: Clock):
    feed = tap.subscribe(parse_filter(""), events=True)
    many: list[Event] = [Measurements(hardware_id="a", measurements={"t": 1.0}) for _ in range(EVENTS_A_FRAME)]
    tap.offer([row(events=many) for _ in range(5)])
    sizes = []
    for _ in range(10):
        clock.now += 0.1
        if frame := feed.frame():
            sizes.append(len(frame.events))
            assert frame.left_out == 0
    assert [size for size in sizes if size] == [EVENTS_A_FRAME] * 5


def test_a_feed_that_ended_is_offered_nothing(tap: Tap):
    feed = tap.subscribe(parse_filter(""))
    tap.unsubscribe(feed)
    tap.unsubscribe(feed)
    tap.offer([row()])
    assert len(tap) == 0
    assert feed.frame() is None
