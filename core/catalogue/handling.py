"""What components do with bytes once they run: the contract of the role `interaction_handler`, and of what it has from
its worker.

A handler turns bytes into a `Received` and hands it to the `Intake`; the intake has the decoder make events of it,
has them committed, and then lets the `Answer` go.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from core.catalogue.connections import Connections
from core.catalogue.received import JournalHead, Peer, Received
from core.catalogue.worker_context import DecoderContext


class Answer(Protocol):
    """The answer to one request: prepared after the decode, released after the commit."""

    ready: bool
    """Set for every answer of a commit before the first is released, so that one write can take several."""

    @property
    def kept(self) -> bytes | None:
        """Its bytes, once it is prepared, where the journal keeps them with the request; None where it does not."""
        ...

    def prepare(self, reason: str | None, received: Received) -> int | None:
        """Makes the answer and gives its status; `reason` is why the decode failed, None where it did not."""
        ...

    def release(self) -> None:
        """The row is on disk: the answer may go, when those before it on the connection have gone."""
        ...

    def unavailable(self) -> None:
        """It could not be kept; the device is told to try again (HTTP: 503 with Retry-After)."""
        ...


class Intake(Protocol):
    """Where a handler brings requests."""

    @property
    def context(self) -> DecoderContext:
        """What the handler may use of its worker."""
        ...

    def full(self) -> str | None:
        """Why no further request can be taken now; None where one can."""
        ...

    def when_room(self, go_on: Callable[[], None]) -> bool:
        """Has `go_on` called once, as soon as the source's rate limit lets another request in: it is to ask `full`
        again. False where that limit is not in the way, and nothing will be called."""
        ...

    def share(self) -> int:
        """How many requests of one connection may wait now, at least 1: fewer, the more wait of all, so that a few
        connections cannot fill the queue for the others."""
        ...

    def new_id(self) -> bytes:
        """The id for a request that is complete: a UUIDv7, never going back within a worker."""
        ...

    def take(self, received: Received, answer: Answer) -> None:
        """Decodes and stores one request, and then releases its answer."""
        ...

    def refuse(
        self,
        reason: str,
        status: int | None,
        remote: tuple[str, int],
        head: JournalHead | None,
        seen: bytes,
        size: int,
    ) -> None:
        """Records a request that never reached the decoder, without waiting for the disk; too many are only counted.

        They are counted by `reason` without what stands behind its first colon, and without addresses and numbers
        (`core.model.refusals.reason_kind`)."""
        ...


class Handler(Protocol):
    """Role `interaction_handler`. `make(settings, intake)` gives one a worker."""

    largest: int
    """The most bytes that one request may have, head and payload."""
    alpn: Sequence[str]
    """What it speaks over TLS, as ALPN names it (RFC 7301); none: it has no such name."""
    connections: Connections
    """Those that are open, and the last that have ended."""

    def connection(self, peer: Peer) -> asyncio.BaseProtocol:
        """The protocol for one accepted connection."""
        ...

    def turn_away(self, peer: Peer, reason: str) -> asyncio.BaseProtocol:
        """The protocol for a connection over a limit of the source: refuses it for that reason, and closes."""
        ...

    def sweep(self, now: float) -> None:
        """Called twice a second with the loop's time: ends what is past its limit."""
        ...

    def drain(self) -> None:
        """No new requests: idle connections close, others after their next answer."""
        ...

    def abort(self) -> None:
        """Closes what is still open."""
        ...
