"""What handlers of every kind do with their connections: count them, sweep, drain and abort them."""

import asyncio
import socket
import struct
from typing import cast

from core.catalogue.connections import Connections
from core.catalogue.handling import Intake
from core.catalogue.received import Peer


class Keeping:
    """Base of handlers whose connections speak no protocol of their own beneath TLS (no ALPN)."""

    alpn = ()

    def __init__(self, largest: int, intake: Intake) -> None:
        self.largest = largest
        self.intake = intake
        self.connections = Connections()
        self.now = 0.0
        """The loop's time at the last sweep."""

    def turn_away(self, peer: Peer, reason: str) -> "TurnedAway":
        return TurnedAway(self.intake, peer, reason)

    def sweep(self, now: float) -> None:
        self.now = now
        for connection in self.connections.due():
            connection.sweep(now)

    def drain(self) -> None:
        for connection in self.connections:
            connection.drain()

    def abort(self) -> None:
        for connection in self.connections:
            connection.abort()


class Untaken:
    """Watches whether a device takes what is written to it."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since: float | None = None

    def longer(self, transport: asyncio.WriteTransport, now: float, limit: float) -> bool:
        """Whether it has taken less than everything for more than `limit` seconds; asked at every sweep."""
        if not transport.get_write_buffer_size():
            self._since = None
        elif self._since is None:
            self._since = now
        return self._since is not None and now - self._since > limit


class TurnedAway(asyncio.Protocol):
    """A connection over the source's limit: recorded, and reset."""

    def __init__(self, intake: Intake, peer: Peer, reason: str) -> None:
        self._intake = intake
        self._peer = peer
        self._reason = reason

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._intake.refuse(self._reason, None, self._peer.remote, None, b"", 0)
        reset(transport)


def reset(transport: asyncio.Transport) -> None:
    """Ends a connection so that the device sees an error and not a plain end, whatever of it has been read."""
    if transport.is_closing():
        return
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
