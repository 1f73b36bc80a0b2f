"""Live feeds over the control socket: exact under a burst, and not held up by who does not read."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.control.client import ControlClient, ControlError, connected
from core.control.codes import REFUSED
from core.control.feeds import Frame, Subscribe, Subscription
from core.engine.tap import ROWS_A_SECOND
from tests.engine.stead import Stead, body
from tests.engine.wire import Line

BURST = 6000


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("feeds") / "home")
    stead.serve()
    yield stead
    stead.end()


async def send_many(port: int, count: int, padding: int = 0) -> None:
    """Requests on one connection, pipelined, and their answers awaited."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    payload = body("burst").ljust(30 + padding)
    request = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(payload), payload)
    writer.write(request * count)
    answered = 0
    async with asyncio.timeout(30):
        while answered < count:
            answered += (await reader.read(1 << 20)).count(b"HTTP/1.1 200 ")
    writer.close()


class Listening:
    """The frames of one feed."""

    def __init__(self, client: ControlClient) -> None:
        self.frames: list[Frame] = []
        client.on_notification = self._take

    def _take(self, name: str, params: object) -> None:
        if isinstance(params, Frame):
            self.frames.append(params)

    @property
    def told(self) -> int:
        return sum(len(frame.rows) + frame.left_out for frame in self.frames)

    async def until(self, told: int) -> None:
        async with asyncio.timeout(20):
            while self.told < told:  # noqa: ASYNC110  # frames come when they come
                await asyncio.sleep(0.02)


async def test_every_row_of_a_burst_is_shown_or_counted(stead: Stead) -> None:
    async with connected(stead.path / "data" / "control.sock") as client:
        listening = Listening(client)
        began = time.monotonic()
        await client.call("subscribe", Subscribe(filter="device:burst"), Subscription)
        await send_many(stead.port, BURST)
        await listening.until(BURST)
        took = time.monotonic() - began
        await asyncio.sleep(0.3)  # for what should not come any more
    assert listening.told == BURST
    assert sum(len(frame.rows) for frame in listening.frames) <= ROWS_A_SECOND * (1 + took)
    assert all(len(frame.rows) <= 2000 for frame in listening.frames)
    ids = [row.id for frame in listening.frames for row in frame.rows]
    assert len(ids) == len(set(ids))


async def test_a_feed_shows_what_matches_and_ends_when_told(stead: Stead) -> None:
    async with connected(stead.path / "data" / "control.sock") as client:
        listening = Listening(client)
        feed = await client.call("subscribe", Subscribe(filter="outcome:failed", events=False), Subscription)
        await send_many(stead.port, 3)
        await asyncio.to_thread(stead.post, b"not JSON")
        await listening.until(1)
        assert [row.outcome for frame in listening.frames for row in frame.rows] == ["failed"]
        await client.call("unsubscribe", feed)
        await asyncio.to_thread(stead.post, b"not JSON")
        await asyncio.sleep(0.3)
        assert listening.told == 1


async def test_feeds_of_one_connection_are_limited(stead: Stead) -> None:
    async with connected(stead.path / "data" / "control.sock") as client:
        feeds = [await client.call("subscribe", Subscribe(), Subscription) for _ in range(16)]
        with pytest.raises(ControlError, match="end one first") as refused:
            await client.call("subscribe", Subscribe())
        assert refused.value.code == REFUSED
        await client.call("unsubscribe", feeds[0])
        await client.call("subscribe", Subscribe())


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def test_who_does_not_read_holds_up_nobody_and_fills_no_memory(stead: Stead) -> None:
    engine = stead.engines[-1]
    with Line(stead) as deaf:
        deaf.hello()
        deaf.call("subscribe", {"events": True})
        deaf.call("watch")
        for number in range(200):  # answers that it does not read either
            deaf.say(b'{"id": %d, "method": "requests.query", "params": {"limit": 1000}}' % (1000 + number))
        async with connected(stead.path / "data" / "control.sock") as client:
            listening = Listening(client)
            await client.call("subscribe", Subscribe(filter="device:burst"), Subscription)
            await send_many(stead.port, 2000)
            before = resident(engine.pid)
            for _ in range(4):
                await send_many(stead.port, 2000, padding=4000)
            began = time.monotonic()
            await client.call("status")
            assert time.monotonic() - began < 2
            await listening.until(10_000)
            assert listening.told == 10_000
        assert resident(engine.pid) - before < 120 << 20
        engine.terminate()
        assert await asyncio.to_thread(engine.wait, 10) == 0
