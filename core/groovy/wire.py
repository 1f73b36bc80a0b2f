"""The sidecar's side of a connection as a worker reads it: a stream that is cut into frames."""

import asyncio
from typing import Protocol, cast

from core.groovy.frames import HEADER, LONGEST_FRAME


class Listener(Protocol):
    """Who hears of it."""

    def answered(self, id: int, op: int, body: bytes) -> None:
        """A frame of the sidecar's."""
        ...

    def lost(self, wire: "Wire") -> None:
        """The connection has ended."""
        ...


class Wire(asyncio.Protocol):
    """One connection."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._buffer = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= HEADER.size:
            length, id, op = HEADER.unpack_from(buffer, start)
            if length > LONGEST_FRAME:
                self._transport.abort()  # no sidecar of ours says so much; the next connection begins anew
                return
            end = start + 4 + length
            if len(buffer) < end:
                break
            self._listener.answered(id, op, bytes(buffer[start + HEADER.size : end]))
            start = end
        del buffer[:start]

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.lost(self)
