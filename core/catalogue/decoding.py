"""What makes events of a request, in the worker or in another process: the contracts of the roles `decoder` and
`deduplicator`."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from core.catalogue.received import Decoded, Received
from core.model.events import Event


class DecodeFailed(Exception):
    """A payload that cannot be decoded; the message is the reason as an operator reads it."""


class Decoder(Protocol):
    """Role `decoder`. `make(settings, context)` gives one; it belongs to one worker."""

    version: str | None
    """A short hash of the script; None where there is none."""
    timeout: float
    """Seconds that one decode may take."""

    def load(self) -> None:
        """Makes it ready, and ready again after a change; ScriptError leaves what was loaded before in place."""
        ...

    def decode(self, received: Received) -> Sequence[Event]:
        """Events of one request. Anything raised fails the request."""
        ...

    def reason(self, error: BaseException) -> str:
        """What was raised, as the operator reads it, with file and line where a script has them."""
        ...


@runtime_checkable
class RemoteDecoder(Protocol):
    """A decoder that decodes in another process; requests wait for it without holding up the worker."""

    @property
    def version(self) -> str | None: ...

    @property
    def waiting(self) -> int:
        """Requests that wait for their decode."""
        ...

    @property
    def waiting_bytes(self) -> int: ...

    async def open(self) -> None:
        """Makes it ready, and ready again after a change; TidegateError leaves what was loaded before in place."""
        ...

    def submit(self, received: Received, done: Callable[[Decoded | None], None]) -> None:
        """Has one request decoded and calls `done`, in the order of the requests of each connection. None: it could
        not be decoded now, and the device is told to try again."""
        ...

    async def close(self) -> None:
        """Lets go. What waits still is not decoded any more, and not acknowledged."""
        ...


class Deduplicator(Protocol):
    """Role `deduplicator`. `make(settings, context)` gives one a worker, with a `DecoderContext`."""

    mark: str
    """What the worker's segments say of it, so that the index, where all of a tenant's events are known, finds the
    duplicates (`core.journal.duplicates`)."""


class Verdict(msgspec.Struct, frozen=True):
    """What a deduplicator says of one request's events."""

    duplicates: frozenset[int] = frozenset()
    """The places of the events that are duplicates."""
    reason: str | None = None
    """Why it could not say: the request fails."""
    log: str = ""
    """What its script printed."""


@runtime_checkable
class RemoteDeduplicator(Protocol):
    """A deduplicator that judges in another process, before the request is stored; made as a `Deduplicator` is."""

    async def open(self) -> None:
        """Makes it ready, and ready again after a change; TidegateError leaves what was loaded before in place."""
        ...

    def judge(self, events: Sequence[bytes], done: Callable[[Verdict | None], None]) -> None:
        """Looks at one request's events, at least one, each as the journal's JSON. `done` hears None where it could not
        be asked now."""
        ...

    async def close(self) -> None:
        """Lets go; what waits hears None."""
        ...
