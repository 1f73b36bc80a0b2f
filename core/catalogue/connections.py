"""What is known of a handler's connections: those that are open, and the last that have ended.

A record costs a handler a few plain attributes; everything an operator reads is made of them when somebody asks.
"""

import itertools
import re
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, Protocol

import msgspec

PARTS: Final = 4
MANY: Final = 256
"""From how many connections on a look at their limits takes only one part of them."""

MOST_ENDED: Final = 256
"""Connections that have ended and that a worker remembers."""
LOOKED_AT: Final = 512
"""Bytes of a request's events in which its device is looked for."""

ENDED: Final = "the device ended it"
"""Why a connection ends whose device has ended its side."""
STOPPING: Final = "the source is stopping"
"""Why a connection ends that drains."""

_HARDWARE_ID = re.compile(rb'"hardwareId":("(?:[^"\\]|\\.)*")')


class ConnectionRecord:
    """One connection; its handler keeps it up to date."""

    __slots__ = (
        "bytes_in", "bytes_out", "closed", "events", "facts", "last", "number", "opened", "reason", "remote",
        "requests", "state",
    )  # fmt: skip

    def __init__(self, remote: str, state: dict[str, Any]) -> None:
        self.number = 0
        """Unique in its worker."""
        self.remote = remote
        """As requests have it: `127.0.0.1:5000`, `[::1]:5000`."""
        self.opened = now()
        """Milliseconds since the epoch, as are `last` and `closed`."""
        self.last: int | None = None
        """When its last request was there whole."""
        self.closed: int | None = None
        self.reason = ""
        """Why it has ended, or is about to."""
        self.requests = 0
        self.bytes_in = 0
        """What was read of it and written to it, beneath no TLS."""
        self.bytes_out = 0
        self.events = b""
        """The beginning of the last events that were decoded, as JSON."""
        self.state = state
        """The scripts'."""
        self.facts: dict[str, Any] | None = None
        """The metadata that its requests have in common: `tls.subject`, `remote.via`."""

    def because(self, reason: str) -> None:
        """It is about to end for this reason, if for none before."""
        if not self.reason:
            self.reason = reason

    def decoded(self, events: bytes) -> None:
        """A request of it had these events."""
        self.events = events if len(events) <= LOOKED_AT else events[:LOOKED_AT]

    @property
    def activity(self) -> int:
        """When something happened on it last."""
        return self.closed or self.last or self.opened

    @property
    def device(self) -> str | None:
        """The hardware id of the last events, or the `device` that a script remembered; None where neither is known."""
        if found := _HARDWARE_ID.search(self.events):
            return str(msgspec.json.decode(found[1]))
        remembered = self.state.get("device")
        return remembered if isinstance(remembered, str) else None


class OpenConnection(Protocol):
    """An open connection as its handler has it."""

    record: ConnectionRecord

    def unfinished(self) -> int:
        """Bytes that are here of a request that is not whole."""
        ...

    def tail(self, most: int) -> bytes:
        """The first `most` of them."""
        ...

    def sweep(self, now: float) -> None:
        """Ends it where a limit has passed."""
        ...

    def drain(self) -> None:
        """What is under way may end; then the connection does."""
        ...

    def shut(self, reason: str) -> None:
        """Ends it for an operator: what it was read of is answered still, where the device takes that."""
        ...

    def abort(self) -> None:
        """Ends it at once."""
        ...


class Connections:
    """The connections of one handler. Iterating gives those that are open."""

    def __init__(self) -> None:
        self._open: dict[int, OpenConnection] = {}
        self._numbers = itertools.count(1)
        self._beat = 0
        self.ended: deque[ConnectionRecord] = deque(maxlen=MOST_ENDED)
        """The last that have ended, oldest first."""

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[OpenConnection]:
        return iter(tuple(self._open.values()))

    def due(self) -> Iterator[OpenConnection]:
        """Those whose limits are to be looked at now; asked four times a second. Of many it is every fourth, so that
        thousands of quiet ones cost little and each is looked at once a second."""
        self._beat = (self._beat + 1) % PARTS
        if len(self._open) <= MANY:
            return iter(self)
        turn = self._beat
        return iter([connection for number, connection in self._open.items() if number % PARTS == turn])

    def add(self, connection: OpenConnection) -> None:
        """It is open, and has a number now."""
        number = connection.record.number = next(self._numbers)
        self._open[number] = connection

    def end(self, connection: OpenConnection, error: Exception | None) -> None:
        """It has ended: for the reason that it gave, or else for what `connection_lost` was told."""
        record = connection.record
        if self._open.pop(record.number, None) is not None:
            record.because(_lost(error))
            record.closed = now()
            self.ended.append(record)

    def find(self, number: int) -> OpenConnection | ConnectionRecord | None:
        """The open connection of that number, or what is remembered of one that has ended."""
        return self._open.get(number) or next((each for each in self.ended if each.number == number), None)


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def _lost(error: Exception | None) -> str:
    if error is None:
        return ENDED
    if isinstance(error, (ConnectionResetError, BrokenPipeError)):
        return "the device reset it"
    if isinstance(error, TimeoutError):
        return "the device is not reached any more"
    strerror = error.strerror if isinstance(error, OSError) else None
    return f"it broke: {strerror or error}"
