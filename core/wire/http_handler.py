"""The HTTP interaction handler of one worker; see `core.catalogue.behaviour.Handler`."""

import asyncio

from core.catalogue.behaviour import Intake
from core.wire.http_connection import HttpConnection, Remote
from core.wire.http_shared import HttpRules, HttpShared


class HttpHandler:
    """Makes the connections and looks after all of them."""

    def __init__(self, rules: HttpRules, intake: Intake) -> None:
        self.largest = rules.max_head + rules.max_body
        self._shared = HttpShared(rules, intake)

    def connection(self) -> HttpConnection:
        return HttpConnection(self._shared)

    def turn_away(self) -> "TurnedAway":
        return TurnedAway(self._shared)

    def open_connections(self) -> int:
        return len(self._shared.connections)

    def sweep(self, now: float) -> None:
        self._shared.now = now
        for connection in tuple(self._shared.connections):
            connection.sweep(now)

    def drain(self) -> None:
        for connection in tuple(self._shared.connections):
            connection.drain()

    def abort(self) -> None:
        for connection in tuple(self._shared.connections):
            connection.abort()


class TurnedAway(asyncio.Protocol):
    """A connection over the source's limit: told so, and closed."""

    def __init__(self, shared: HttpShared) -> None:
        self._shared = shared

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        remote: Remote = transport.get_extra_info("peername")[:2]
        self._shared.intake.refuse("more connections than the source allows", 503, remote, None, b"", 0)
        transport.write(self._shared.refusal(503, True))
        transport.close()
