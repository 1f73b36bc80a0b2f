"""The read-all handler of one worker (see `core.catalogue.handling.Handler`): a connection is one payload, which ends
where the device ends its side.

Nothing is ever written. All that a device can learn is how its connection ends: closed once the payload is on disk,
reset where it is not kept.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import cast

from core.catalogue.connections import ENDED, STOPPING, ConnectionRecord, now
from core.catalogue.handling import Intake
from core.catalogue.received import Peer, Received
from core.catalogue.units import Size
from core.wire.keeping import Keeping, reset
from core.wire.tls_connection import CutShort
from core.wire.tls_words import connection_facts

KEPT_OF_REFUSED = 4096
"""Bytes that are kept of a payload that never reached the decoder."""
FIRST_BYTE_SECONDS = 1.0
"""For which a draining connection waits for its first byte."""


@dataclass(frozen=True, slots=True)
class ReadAllRules:
    """What the handler's settings come down to; times are in seconds, sizes in bytes."""

    max_payload: Size
    idle_timeout: float
    total_timeout: float


class ReadAllHandler(Keeping):
    """Makes the connections and looks after all of them."""

    def __init__(self, rules: ReadAllRules, intake: Intake) -> None:
        super().__init__(rules.max_payload, intake)
        self.rules = rules

    def connection(self, peer: Peer) -> "ReadAllConnection":
        return ReadAllConnection(self, peer)


class ReadAllConnection(asyncio.Protocol):
    """One connection. `_open` while its payload may still grow or be refused; `_whole` once it cannot grow."""

    def __init__(self, handler: ReadAllHandler, peer: Peer) -> None:
        self._handler = handler
        self._rules = handler.rules
        self._payload = bytearray()
        self._open = True
        self._whole = False
        self._draining = False
        self._since = self._began = handler.now
        self._peer = peer
        self.record = ConnectionRecord(peer.where, {})
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self.record.facts = connection_facts(transport, self._peer)
        self._handler.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if not self._open:
            return
        self._since = self._handler.now
        self.record.bytes_in += len(data)
        self._payload += data
        if len(self._payload) > self._rules.max_payload:
            self._refuse(f"the payload is larger than {self._rules.max_payload}")

    def eof_received(self) -> bool:
        """The payload is whole; the connection stays until that is on disk."""
        if not self._open:
            return False
        self._whole = True
        self._take()
        return not self._transport.is_closing()

    def _take(self) -> None:
        """Takes the payload, or waits until the rate limit lets it in."""
        if not self._open:
            return
        intake, record = self._handler.intake, self.record
        if reason := intake.full():
            if not intake.when_room(self._take):
                self._refuse(reason)
            return
        record.because(ENDED)
        self._open = False
        payload, self._payload = bytes(self._payload), bytearray()
        at, began = now(), time.monotonic()
        record.requests, record.last = 1, at
        peer, id = self._peer, intake.new_id()
        received = Received(id, at, began, peer.remote, peer.where, payload, None, record.state, extra=record.facts)
        received.connection = record
        intake.take(received, ReadAllAnswer(self._transport))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._open and self._whole:
            self._record("the connection broke before this payload could be taken")
        elif self._open and self._payload:
            cut = f": {exc}" if isinstance(exc, CutShort) else ""
            self._record(f"the connection ended in the middle of a payload{cut}")
        self._handler.connections.end(self, exc)
        self._open = False

    def sweep(self, now: float) -> None:
        """Ends the connection where a limit has passed."""
        if not self._open:
            return
        if self._whole:
            if now - self._began > self._rules.total_timeout:
                self._refuse(f"the rate limit had no room for it within {self._rules.total_timeout:g} s")
        elif now - self._since > self._rules.idle_timeout:
            self._give_up(f"nothing came for {self._rules.idle_timeout:g} s, and the device has not ended its side")
        elif now - self._began > self._rules.total_timeout:
            self._give_up(f"the payload took longer than {self._rules.total_timeout:g} s")
        elif self._draining and not self._payload and now - self._since > FIRST_BYTE_SECONDS:
            self._give_up(STOPPING)

    def drain(self) -> None:
        """A payload under way may end; where none has begun it must begin soon."""
        self._draining = True
        self._since = self._handler.now

    def unfinished(self) -> int:
        return len(self._payload)

    def tail(self, most: int) -> bytes:
        return bytes(self._payload[:most])

    def shut(self, reason: str) -> None:
        """A payload that is whole is kept still."""
        if self._open and not self._transport.is_closing():
            self._give_up(reason)

    def abort(self) -> None:
        self.record.because(STOPPING)
        reset(self._transport)

    def _give_up(self, reason: str) -> None:
        """A connection on which nothing came is only closed: there is nothing to keep."""
        if self._payload:
            self._refuse(reason)
        else:
            self.record.because(reason)
            self._open = False
            self._transport.close()

    def _refuse(self, reason: str) -> None:
        self.record.because(reason)
        self._record(reason)
        self._open = False
        self._payload = bytearray()
        reset(self._transport)

    def _record(self, reason: str) -> None:
        seen = bytes(self._payload[:KEPT_OF_REFUSED])
        self._handler.intake.refuse(reason, None, self._peer.remote, None, seen, len(self._payload))


class ReadAllAnswer:
    """No answer: the end of the connection."""

    kept = None

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.ready = False

    def prepare(self, reason: str | None, received: Received) -> int | None:
        return None

    def release(self) -> None:
        self._transport.close()

    def unavailable(self) -> None:
        reset(self._transport)
