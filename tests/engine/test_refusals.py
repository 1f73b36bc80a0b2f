"""A flood at the door: few rows, and groups that add up to exactly what was refused."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.control.client import ControlClient, connected
from core.control.messages import Frame, Node, Status, Subscribe, Subscription
from core.model.dates import date_milliseconds, parse_date
from core.model.refusals import RefusedCount, network, reason_kind
from core.worker.intake import MOST_REASONS_UNCOUNTED, MOST_UNCOUNTED, WorkerIntake
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
    assert all(later - earlier >= 900 for earlier, later in zip(told, told[1:], strict=False))
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
        ("more connections from 10.0.0.7 than one may have", "more connections from … than one may have"),
        ("more connections from 2001:db8::7 than one may have", "more connections from … than one may have"),
        ("the body is 1204 bytes; 1000 are allowed", "the body is … bytes; … are allowed"),
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


async def test_what_waits_to_be_told_is_bounded_and_exact(tmp_path: Path) -> None:
    committer = Committer(tmp_path / "journal", "default", "lora", 1 << 20)
    committer.open()
    intake = WorkerIntake(Runner(Failing(), None, DecodeLog()), committer, tmp_path, free_disk=0, refused_a_second=20)
    for number in range(1000):
        intake.refuse(f"reason {chr(0x4E00 + number)}", None, (f"10.0.{number % 250}.1", 1), None, b"", 0)
    for number in range(1000):
        intake.refuse("one", None, (f"10.{number // 250}.{number % 250}.1", 1), None, b"", 0)
    told = intake.take_uncounted()
    assert intake.take_uncounted() == []
    await committer.close()
    assert sum(each.count for each in told) == 2000 - 20
    assert len(told) <= MOST_UNCOUNTED + MOST_REASONS_UNCOUNTED + 1
