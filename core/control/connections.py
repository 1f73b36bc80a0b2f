"""Connections of an event source, and what was kept of one."""

import msgspec

from core.model.connections import Connection
from core.model.requests import TrafficRow


class ConnectionQuery(msgspec.Struct, kw_only=True):
    """Which connections of an event source a list shows. `after` is the `next` of the page before."""

    tenant: str
    source: str
    text: str = ""
    """Stands in the remote address, the device, the reason or the id, in any case."""
    after: str | None = None
    limit: int = 100
    """At most 1,000."""


class Connections(msgspec.Struct, kw_only=True):
    """A page of connections: those that are open, the most active lately first, then the last that have ended."""

    connections: list[Connection]
    open: int
    """How many are open that `text` is found in."""
    ended: int
    """How many have ended and are remembered, of which `text` is found in: a worker remembers the last 256."""
    next: str | None = None
    """Where there are more. One that was active meanwhile stands further up, and is not on the pages behind."""
    unanswered: list[str] = []
    """Whose connections are missing, and why: a worker that did not answer within two seconds."""


class OfConnection(msgspec.Struct, kw_only=True):
    tenant: str
    source: str
    id: str


class FramesOf(msgspec.Struct, kw_only=True):
    """What was kept of one connection: the requests of an event source from `remote`, received from `since` on and
    before `until` (RFC 3339). Newest last; `before` and `after` are cursors (request ids)."""

    tenant: str
    source: str
    remote: str
    since: str
    until: str | None = None
    limit: int = 50
    """At most 500."""
    before: str | None = None
    after: str | None = None


class ConnectionFrame(msgspec.Struct, kw_only=True):
    """One request of a connection with its bytes in both directions; `came` and `answered` are the first 4 KiB of them,
    a head before its body, and `came_size` and `answered_size` count them all."""

    request: TrafficRow
    came: bytes
    came_size: int
    answered: bytes = b""
    answered_size: int = 0


class ConnectionFrames(msgspec.Struct, kw_only=True):
    """A page of what was kept of a connection, oldest first."""

    frames: list[ConnectionFrame]
    behind: int = 0
    more: bool = False
    next: str | None = None
    """Where there is more: the id to go on from (`before`, or `after`). A page may be short or empty."""
    looked: int = 0
    reached: str | None = None
