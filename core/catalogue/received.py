"""What passes between handler, intake and decoder in a worker: a request, whose it is, what came of its decode."""

from collections.abc import Callable
from typing import Any

import msgspec

from core.catalogue.connections import ConnectionRecord


class JournalHead:
    """What of a request's head is kept, once a segment; `place` remembers where (segment number, row)."""

    __slots__ = ("metadata", "method", "place", "raw", "target")

    def __init__(self, method: str, target: str, raw: bytes, metadata: bytes) -> None:
        self.method = method
        self.target = target
        self.raw = raw  # secrets are out of it already
        self.metadata = metadata  # JSON of the protocol's own metadata keys
        self.place: tuple[int, int] | None = None


class Peer(msgspec.Struct, frozen=True):
    """Who is at the other end of a connection."""

    remote: tuple[str, int]
    """The device's address and port, as the socket says or as a trusted proxy does."""
    where: str
    """The same as it is kept: `127.0.0.1:5000`, `[::1]:5000`."""
    via: str | None = None
    """The address of the proxy that said so."""


def peer_at(remote: tuple[str, int], via: str | None = None) -> Peer:
    """The peer at an address."""
    return Peer(remote, remote_text(remote), via)


def remote_text(remote: tuple[str, int]) -> str:
    """`127.0.0.1:5000`, `[::1]:5000`."""
    host, port = remote
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class OfDevice(msgspec.Struct, frozen=True):
    """Whose payload it is, as a composite decoder found out."""

    hardware_id: str
    specification: str
    """The token of the device's specification."""


class Received(msgspec.Struct):
    """One request on its way to the decoder."""

    id: bytes
    """16 bytes, a UUIDv7."""
    at: int
    """Milliseconds since the epoch."""
    began: float
    """time.monotonic() when the last byte was there."""
    remote: tuple[str, int]
    where: str
    """The remote address as it is kept: `127.0.0.1:5000`, `[::1]:5000`."""
    payload: bytes
    head: JournalHead | None
    state: dict[str, Any]
    """The connection's."""
    describe: Callable[[], dict[str, Any]] | None = None
    """Makes the protocol's metadata, when a script asks for it."""
    extra: dict[str, Any] | None = None
    """Metadata beside it, such as `auth.name`."""
    respond: tuple[bytes, int] | None = None
    """What the script wants answered."""
    respond_type: str = "text/plain; charset=utf-8"
    """The content type of that answer, where the protocol has one."""
    device: OfDevice | None = None
    """Set by a composite decoder for the decoder that it chose."""
    answering: "Callable[[Received, Decoded], Decoded] | None" = None
    """Decides what is answered, once the decode has ended; where that fails, so has the request."""
    whole: bytes | None = None
    """The payload as it came in, where `payload` was cut out of it."""
    wire: bytes | None = None
    """The bytes of the frame that the payload was, where they are others: with its escapes, its length, its end."""
    connection: ConnectionRecord | None = None
    """What is known of its connection, which hears of its events."""

    @property
    def kept(self) -> bytes:
        """The payload that is kept: as it came in."""
        return self.payload if self.whole is None else self.whole


class Decoded(msgspec.Struct, frozen=True):
    """What came of one decode. `events` is JSON for the journal, None for none; `reason` is None where it went well."""

    reason: str | None
    events: bytes | None
    state: bytes | None
    """The connection's state before it, as JSON; None where there was none."""
    log: bytes | None
    log_cut: int
    micros: int
    """From the last byte received to the end of the decode."""
