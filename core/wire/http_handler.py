"""The HTTP interaction handler of one worker; see `core.catalogue.handling.Handler`."""

import asyncio
from typing import cast

from core.catalogue.handling import Intake
from core.catalogue.received import Peer
from core.wire.gate import Gate
from core.wire.http_answer import CLOSE
from core.wire.http_connection import BufferedHttpConnection, HttpConnection, end_side
from core.wire.http_door import HttpDoor
from core.wire.http_head import Refusal
from core.wire.http_shared import HttpRules, HttpShared

LINGER_SECONDS = 1.0
MOST_LINGERING = 64
"""Connections that are turned away and read for a while, at a time."""


class HttpHandler:
    """Makes the connections and looks after all of them."""

    def __init__(self, rules: HttpRules, intake: Intake, gate: Gate | None = None) -> None:
        self.largest = rules.limits.max_head + rules.max_body
        self.alpn = ("http/1.1",)
        hidden = frozenset(name.encode() for name in gate.hidden_fields) if gate is not None else frozenset[bytes]()
        self._shared = HttpShared(rules, intake, hidden)
        self._door = HttpDoor(self._shared, gate)
        self.connections = self._shared.connections
        self._turned_away: set[TurnedAway] = set()

    def connection(self, peer: Peer) -> HttpConnection:
        own_loop = isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop)
        made = BufferedHttpConnection if own_loop else HttpConnection
        return made(self._shared, self._door, peer)

    def turn_away(self, peer: Peer, reason: str) -> "TurnedAway":
        return TurnedAway(self._shared, peer, reason, self._turned_away)

    def sweep(self, now: float) -> None:
        self._shared.now = now
        self._door.look(now)
        for connection in self.connections.due():
            connection.sweep(now)

    def drain(self) -> None:
        for connection in self.connections:
            connection.drain()

    def abort(self) -> None:
        for connection in (*self.connections, *self._turned_away):
            connection.abort()


class TurnedAway(asyncio.Protocol):
    """A connection over the source's limit: told so, and closed. What the device is sending already is discarded for a
    while, as after every last answer (RFC 9112 9.6): the answer would be lost to a reset."""

    def __init__(self, shared: HttpShared, peer: Peer, reason: str, others: "set[TurnedAway]") -> None:
        self._shared = shared
        self._peer = peer
        self._reason = reason
        self._others = others
        """Those that are read still."""
        self._transport: asyncio.Transport
        self._ending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self._shared.intake.refuse(self._reason, 503, self._peer.remote, None, b"", 0)
        transport.write(self._shared.refusal(Refusal(503, self._reason), None, CLOSE))
        if len(self._others) >= MOST_LINGERING or not transport.can_write_eof():
            transport.close()
            return
        self._others.add(self)
        end_side(transport)
        self._ending = asyncio.get_running_loop().call_later(LINGER_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._others.discard(self)
        if self._ending is not None:
            self._ending.cancel()

    def abort(self) -> None:
        self._transport.abort()
