"""The connections of framed devices: a TCP connection, or a UDP socket of its own."""

import asyncio
import contextlib
import socket
import struct
import sys
import time
from typing import ClassVar, Protocol, cast

from core.cli.simulator.connect import CONNECT_TIMEOUT, connect
from core.cli.simulator.framed.answers import Answers, DatagramAnswers, StreamAnswers
from core.cli.simulator.framed.tally import FrameTally
from core.cli.simulator.line import Target, error_kind

LEAVE_LIMIT, LEAVE_LOOK = 5.0, 0.0005
"""Seconds in which a piece must have left this machine, and between looks whether it has."""
_SIOCOUTQNSD = 0x894B
"""Bytes of a TCP socket that were not sent yet (linux/sockios.h); those on their way are not among them."""


class FrameLine(Protocol):
    """One connection of a framed device."""

    answers: Answers
    lost: asyncio.Event
    fault: str
    """Why it was lost, in a word or two."""
    window: ClassVar[int]
    """Frames that may wait for their answers at once."""

    async def open(self) -> None:
        """Connects; OSError where it cannot."""

    async def write(self, data: bytes) -> None:
        """Writes at once, and returns when there is room for more. A connection that takes nothing for too long is
        given up."""

    async def left(self) -> None:
        """Returns when all that was written has left this machine."""

    def half_close(self) -> None:
        """Ends the sending side, where there is such a thing."""

    def close(self) -> None:
        """Ends the connection once what was written is out."""


class StreamLine(asyncio.Protocol):
    """A TCP connection, TLS or not. asyncio sets TCP_NODELAY, so that a write is a segment of its own."""

    window: ClassVar[int] = 1024

    def __init__(self, target: Target, tally: FrameTally, limit: float) -> None:
        self.answers: Answers = StreamAnswers(tally)
        self.lost = asyncio.Event()
        self.fault = ""
        self._limit = limit
        self._ours = False
        self._target = target
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._room = asyncio.Event()
        self._room.set()

    async def open(self) -> None:
        await connect(self._target, lambda: self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._tally.opened += 1

    def data_received(self, data: bytes) -> None:
        self.answers.received(data)

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.fault = self.fault or error_kind(exc)
        self._tally.hung_up += not self._ours
        self.answers.lost()
        self._room.set()
        self.lost.set()

    async def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)
        if not self._room.is_set():
            try:
                async with asyncio.timeout(self._limit):
                    await self._room.wait()
            except TimeoutError:
                self.fault, self._ours = "timeout", True
                self._transport.abort()
                await self.lost.wait()

    async def left(self) -> None:
        assert self._transport is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_LIMIT):
                while True:
                    if self.lost.is_set() or not _unsent(self._transport):
                        return
                    await asyncio.sleep(LEAVE_LOOK)

    def half_close(self) -> None:
        if self._transport is None or self._transport.is_closing() or not self._transport.can_write_eof():
            return
        with contextlib.suppress(OSError):  # the other side was faster
            self._transport.write_eof()

    def close(self) -> None:
        self._ours = True
        if self._transport is None:
            self.lost.set()
        else:
            self._transport.close()


def _unsent(transport: asyncio.Transport) -> int:
    if transport.get_write_buffer_size() or sys.platform != "linux":
        return transport.get_write_buffer_size()
    import fcntl

    raw: socket.socket | None = transport.get_extra_info("socket")
    try:
        return 0 if raw is None else struct.unpack("i", fcntl.ioctl(raw.fileno(), _SIOCOUTQNSD, bytes(4)))[0]
    except OSError:  # it is closed, or of a kind that cannot say
        return 0


class DatagramLine(asyncio.DatagramProtocol):
    """A UDP socket whose only peer is the target: a datagram of another sender never reaches it."""

    window: ClassVar[int] = 64

    def __init__(self, target: Target, tally: FrameTally) -> None:
        self.answers: Answers = DatagramAnswers(tally)
        self.lost = asyncio.Event()
        self.fault = ""
        self._target = target
        self._tally = tally
        self._transport: asyncio.DatagramTransport | None = None
        self._room = asyncio.Event()
        self._room.set()

    async def open(self) -> None:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, remote_addr=(self._target.host, self._target.port)
            )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # asyncio's own says so from 3.12 on
        self._tally.opened += 1

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.answers.received(data)

    def error_received(self, exc: Exception) -> None:
        self._tally.errors[error_kind(exc)] += 1  # refused: the other machine said that nobody listens there

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.answers.lost()
        self._room.set()
        self.lost.set()

    async def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(data)
        if not self._room.is_set():
            await self._room.wait()

    async def left(self) -> None:
        """A datagram leaves whole."""

    def half_close(self) -> None:
        """A socket without a connection has no end."""

    def close(self) -> None:
        if self._transport is None:
            self.lost.set()
        else:
            self._transport.close()


def make_line(target: Target, tally: FrameTally, limit: float) -> FrameLine:
    """A connection to a target, not open yet; `limit` is in seconds how long it may take nothing."""
    return DatagramLine(target, tally) if target.scheme == "udp" else StreamLine(target, tally, limit)


async def settle(line: FrameLine, quiet: float) -> None:
    """Returns when no answer is waited for any more, and nothing came for so many seconds."""
    await line.answers.until_fewer(1)
    began = time.perf_counter()
    while not line.lost.is_set() and (left := quiet - line.answers.quiet(time.perf_counter(), began)) > 0:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left):
                await line.lost.wait()
