"""What components do once they run: the contract of each role, and what passes between them in a worker.

A handler turns bytes into a `Received` and hands it to the `Intake`; the intake has the decoder make events of it,
has them committed, and then lets the `Answer` go.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from core.catalogue.connections import ConnectionRecord, Connections
from core.catalogue.contracts import Contract
from core.model.events import Event

T = TypeVar("T")


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


def peer_at(remote: tuple[str, int], via: str | None = None) -> Peer:
    """The peer at an address."""
    return Peer(remote, remote_text(remote), via)


def remote_text(remote: tuple[str, int]) -> str:
    """`127.0.0.1:5000`, `[::1]:5000`."""
    host, port = remote
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


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


class DecodeLogger(Protocol):
    """What a script knows as `logger`; its lines go to the request's decode log."""

    def info(self, message: object, *args: object) -> None: ...


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


class Registrations(Protocol):
    """What the tenant's devices have registered as."""

    def specification(self, device: str, done: Callable[[str | None, str], None]) -> None:
        """Finds the specification token that a device registered with last; `done` hears it, or None and why it could
        not be looked for, empty where there is none."""
        ...

    def note(self, request: bytes, events: bytes) -> None:
        """Takes in the registrations among a request's events, which are JSON as the journal's."""
        ...

    def close(self) -> None:
        """Lets go; who waits hears None."""
        ...


class Script(Protocol):
    """A function of a Python script of the operator's, run under its time limit."""

    @property
    def timeout(self) -> float:
        """Seconds that one call may take."""
        ...

    def call(self, payload: bytes, where: str, *arguments: object) -> object:
        """What the function gives for `arguments`; DecodeFailed, with the place in the script, where it raises or takes
        too long. `payload`, which came from `where`, is what is kept should the call end the worker."""
        ...

    def steps(self, coroutine: "Coroutine[object, None, T]", seen: Callable[[], bytes], where: str) -> "Awaitable[T]":
        """What an async function of the script's made, each of its steps from one `await` to the next under the time
        limit. Raises as `call` does; `seen` gives the bytes that are kept should a step end the worker."""
        ...


class DecoderContext(Protocol):
    """What a component may use of the worker that it runs in."""

    tenant: str
    source: str
    script_folders: Sequence[Path]
    """Looked in in this order."""

    @property
    def logger(self) -> DecodeLogger: ...

    groovy: str | None
    """Where the Groovy sidecar listens, for a component that needs it."""
    registrations: Registrations | None
    """None where there is no journal."""

    def take_log(self) -> tuple[bytes | None, int]:
        """What scripts wrote since it was taken last, and how many bytes of it were cut."""
        ...

    def script(self, name: str, contract: Contract, timeout: float) -> Script:
        """A function of a script, loaded before the first connection and loaded again when the script changes."""
        ...


class AuthenticationContext(msgspec.Struct, frozen=True):
    """What an authenticator may use of the worker that it runs in."""

    tenant_folder: Path
    """Where the paths of secrets begin."""


class Authenticator(Protocol):
    """Role `authentication`: one way in which a device shows who it is. `make(settings, context)` gives one a worker,
    with an `AuthenticationContext`, or raises TidegateError where a secret cannot be read.

    `fields` are a request's header fields by lower-case name, as they came, before any is redacted; `facts` what is
    known of its connection, such as `tls.subject`.
    """

    @property
    def name(self) -> str:
        """What scripts find as `auth.name`: its id."""
        ...

    @property
    def challenge(self) -> str:
        """Its part of WWW-Authenticate (RFC 9110, 11.6.1)."""
        ...

    @property
    def by_head(self) -> bool:
        """What it says depends on `fields` and its secret alone."""
        ...

    @property
    def needs_body(self) -> bool:
        """What it says depends on `body`: until that is there only `offered` can be asked."""
        ...

    @property
    def hidden_fields(self) -> frozenset[str]:
        """Lower-case names of fields whose values are secrets, beside those that always are."""
        ...

    def look(self, now: float) -> bool:
        """Reads a secret's file again where it has changed; whether the secret is another. `now` never goes back."""
        ...

    def offered(self, fields: Mapping[str, str], facts: Mapping[str, object]) -> bool:
        """Whether credentials of this kind are there, be they right or wrong."""
        ...

    def refusal(self, fields: Mapping[str, str], body: bytes, facts: Mapping[str, object], now: float) -> str | None:
        """Why credentials that were offered are not good, as the operator reads it; None where they are. `body` is as
        it was sent, `now` time.time()."""
        ...


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
