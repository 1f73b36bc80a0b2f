"""A flood at the door: few rows, and groups that add up to exactly what was refused."""

import asyncio
import itertools
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.control.client import ControlClient, connected
from core.control.feeds import Frame, Subscribe, Subscription
from core.control.states import Node, Status
from core.engine.rates import MOST_REASONS as MOST_REASONS_OF_A_SOURCE
from core.engine.rates import RequestMeters
from core.model.dates import date_milliseconds, parse_date
from core.model.refusals import RefusedCount, network, reason_kind
from core.worker.uncounted import MOST_PAIRS, MOST_REASONS, Uncounted
from tests.engine.stead import Stead

FLOOD = 300
REASON = "more connections than the source allows"


@pytest.fixture
def stead(tmp_path: Path) -> Iterator[Stead]:
    stead = Stead(tmp_path / "home", settings="max_connections = 1")
    stead.serve()
    yield stead
    stead.end()


def flood(port: int, count: int) -> None:
    """Connections one after the other, each of which is refused."""
    for _ in range(count):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
            assert one.recv(200).startswith(b"HTTP/1.1 503 ")
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def source_of(status: Status) -> Node:
    return next(child for child in status.tree.children[0].children if child.path == "default/lora")


class Listening:
    """The rows and groups of feeds, by subscription."""

    def __init__(self, client: ControlClient) -> None:
        self.frames: list[Frame] = []
        client.on_notification = lambda name, params: self.frames.append(params) if isinstance(params, Frame) else None

    def of(self, feed: Subscription) -> list[Frame]:
        return [frame for frame in self.frames if frame.subscription == feed.subscription]

    def told(self, feed: Subscription) -> int:
        return sum(
            len(frame.rows) + frame.left_out + sum(group.count for group in frame.refused) for frame in self.of(feed)
        )


async def test_a_flood_is_told_in_few_rows_and_exact_groups(stead: Stead) -> None:
    async with connected(stead.path / "data" / "control.sock") as client:
        listening = Listening(client)
        matching = ("outcome:refused", "-outcome:decoded source:lora", 'reason:"the source allows" remote:127.0.0.*')
        feeds = [await client.call("subscribe", Subscribe(filter=text), Subscription) for text in matching]
        others = [
            Subscribe(filter="outcome:decoded"),
            Subscribe(filter="source:other"),
            Subscribe(filter="remote:10.0.0.*"),
            Subscribe(tenant="other"),
            Subscribe(events=True),
        ]
        silent = [await client.call("subscribe", asked, Subscription) for asked in others]
        blind = await client.call("subscribe", Subscribe(filter="status:>=500"), Subscription)
        with socket.create_connection(("127.0.0.1", stead.port)):
            await asyncio.to_thread(flood, stead.port, FLOOD)
            async with asyncio.timeout(20):
                while any(listening.told(feed) < FLOOD for feed in feeds) or not listening.told(blind):  # noqa: ASYNC110  # they come when they come
                    await asyncio.sleep(0.02)
            status = await client.call("status", None, Status)

    for feed in feeds:
        assert listening.told(feed) == FLOOD
    assert all(listening.told(feed) == 0 for feed in silent)
    frames = listening.of(feeds[0])
    rows = [row for frame in frames for row in frame.rows]
    moments = sorted(date_milliseconds(parse_date(row.received_date)) for row in rows)
    assert all(later - earlier >= 990 for earlier, later in zip(moments, moments[20:], strict=False))
    assert {(row.reason, row.outcome) for row in rows} == {(REASON, "refused")}
    groups = [group for frame in frames for group in frame.refused]
    assert {(group.tenant, group.source, group.reason) for group in groups} == {("default", "lora", REASON)}
    assert {(group.network, group.networks) for group in groups} == {("127.0.0.0/24", 1)}
    told = sorted(date_milliseconds(parse_date(group.at)) for group in groups)
    assert all(later - earlier >= 900 for earlier, later in itertools.pairwise(told))
    assert listening.told(blind) == len(rows), "what has no known status is in no group of statuses"

    node = source_of(status)
    assert node.refused == status.tree.refused == FLOOD
    assert node.detail["refusals"] == {
        "only_counted": FLOOD - len(rows),
        "reasons": [{"reason": REASON, "recent": FLOOD, "total": FLOOD}],
    }


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        (REASON, REASON),
        ("no path of this source: /a/b?c", "no path of this source"),
        ("more connections from 10.0.0.7 than one may have", "more connections from * than one may have"),
        ("more connections from 2001:db8::7 than one may have", "more connections from * than one may have"),
        ("the body is 1204 bytes; 1000 are allowed", "the body is * bytes; * are allowed"),
        ("HTTP/1.1 has one Host", "HTTP/1.1 has one Host"),
    ],
)
def test_a_reason_is_counted_without_what_differs(reason: str, kind: str) -> None:
    assert reason_kind(reason) == kind


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("10.1.2.3", "10.1.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.1.2.3", "10.1.2.0/24"),
    ],
)
def test_an_address_is_counted_under_its_network(host: str, counted: str) -> None:
    assert network(host) == counted


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=2000))
def test_what_waits_to_be_told_is_bounded_and_exact(refused: list[tuple[int, int]]) -> None:
    uncounted = Uncounted()
    for reason, part in refused:
        uncounted.add(f"reason {reason}", f"10.0.{part}.0/24")
    told = uncounted.take()
    assert sum(each.count for each in told) == len(refused)
    assert len(told) <= MOST_PAIRS + MOST_REASONS + 1
    assert len({(each.reason, each.network) for each in told}) == len(told)
    assert not uncounted
    assert uncounted.take() == []


@given(st.lists(st.integers(0, 100), max_size=300))
def test_the_reasons_of_a_source_are_bounded_and_exact(reasons: list[int]) -> None:
    meters = RequestMeters()
    for reason in reasons:
        told = meters.add_uncounted([RefusedCount(f"reason {reason}", "10.0.0.0/24", 1)])
        assert [(each.network, each.count) for each in told] == [("10.0.0.0/24", 1)]
    refusals = meters.refusals()
    assert (refusals is None) == (not reasons)
    if refusals is not None:
        assert refusals["only_counted"] == sum(each["total"] for each in refusals["reasons"]) == len(reasons)
        assert len(refusals["reasons"]) <= MOST_REASONS_OF_A_SOURCE + 1
