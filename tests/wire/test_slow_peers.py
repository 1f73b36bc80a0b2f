"""Nobody waits for the slow: a good client beside 1,500 bad ones, each kind from an address of its own."""

import asyncio
import contextlib
import resource
import socket
import struct
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.engine.stead import Stead

SCRIPT = """
def decode(payload, metadata, events, logger, respond):
    respond(payload[:1] * 1000)
"""
EACH = 333
IDLE = 500
ANSWERS = 300
PATIENCE = 10.0
"""Seconds for any one answer: on a machine that does other work too, what is held up by nobody comes far sooner."""


def post(body: bytes) -> bytes:
    return b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@pytest.fixture
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    stead = Stead(
        tmp_path_factory.mktemp("slow") / "home",
        script=SCRIPT,
        handler='head_timeout = "5 s"\nbody_timeout = "5 s"\nwrite_timeout = "2 s"',
    )
    stead.serve()
    yield stead
    stead.end()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.asynccontextmanager
async def connected(port: int, address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def trickle(port: int, address: str, data: bytes) -> None:
    """A byte now and then, for as long as one is listened to."""
    async with connected(port, address) as (_, writer):
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.3)


async def never_reads(port: int, address: str) -> None:
    async with connected(port, address) as (_, writer):
        writer.transport.pause_reading()
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(200):
            writer.write(post(b"n") * 20)
            await asyncio.wait_for(writer.drain(), 60)


async def idle(port: int, address: str) -> None:
    async with connected(port, address) as (reader, _):
        await reader.read()


async def resets(port: int, address: str) -> None:
    """Connections that are reset in the middle of a request, one after the other."""
    while True:
        async with connected(port, address) as (_, writer):
            writer.write(post(b"reset")[:-2])
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def bad_company(port: int) -> AsyncIterator[list[asyncio.Task[None]]]:
    head = post(b"h")[:-5]
    kinds = [
        *(trickle(port, "127.0.1.1", head) for _ in range(EACH)),
        *(trickle(port, "127.0.1.2", post(b"b" * 200)) for _ in range(EACH)),
        *(never_reads(port, "127.0.1.3") for _ in range(EACH)),
        *(idle(port, "127.0.1.4") for _ in range(IDLE)),
        resets(port, "127.0.1.5"),
    ]
    tasks = [asyncio.create_task(kind) for kind in kinds]
    await asyncio.sleep(1)
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_good_client_is_answered_beside_all_of_them(stead: Stead) -> None:
    worker = await asyncio.to_thread(stead.workers)
    async with bad_company(stead.port) as company:
        async with connected(stead.port, "127.0.0.1") as (reader, writer):
            for number in range(ANSWERS):
                assert await asyncio.wait_for(answered(reader, writer, b"g%d" % number), PATIENCE) == b"g" * 1000
                if number % 100 == 0:
                    await newcomer(stead.port)
        assert sum(not task.done() for task in company) > IDLE
    assert await asyncio.to_thread(stead.workers) == worker


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> bytes:
    """What a request is answered, sent again as often as it is told to (503: too much waits for the disk just now)."""
    while True:
        writer.write(post(body))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        answer = await reader.readexactly(length)
        if head.startswith(b"HTTP/1.1 200 "):
            return answer
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: " in head
        await asyncio.sleep(0.1)


async def newcomer(port: int) -> None:
    """One that comes now is let in and answered, too."""
    async with connected(port, "127.0.0.1") as (reader, writer):
        assert await asyncio.wait_for(answered(reader, writer, b"n"), PATIENCE) == b"n" * 1000
