"""Decoding with a Groovy script: what one request is sent as, and what its answer means."""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from core.catalogue.behaviour import Decoded, DecoderContext, Received
from core.errors import TidegateError
from core.groovy.client import GroovyLink
from core.groovy.frames import Extras, Failure, Kind, split_result
from core.model.dates import date_text
from core.model.events import Event
from core.scripting.log import MOST_KEPT
from core.scripting.state import encode_state

Done = Callable[[Decoded | None], None]

_events = msgspec.json.Decoder(list[Event])


class GroovyDecoding:
    """A `RemoteDecoder`. Requests of one connection run one after another, for the script may change its state."""

    def __init__(self, context: DecoderContext, script: str, kind: Kind, timeout: float, most_events: int) -> None:
        self.version: str | None = None
        self.waiting = 0
        self.waiting_bytes = 0
        self._context = context
        self._script = script
        self._kind: Kind = kind
        self._timeout = timeout
        self._most_events = most_events
        self._link: GroovyLink | None = None
        self._queues: dict[int, deque[tuple[Received, Done]]] = {}

    async def open(self) -> None:
        if self._link is None:
            path = self._context.groovy
            if path is None:
                raise TidegateError("Groovy does not run: see [groovy] in instance.toml")
            folders = [Path(folder) for folder in self._context.script_folders]
            self._link = GroovyLink(path, self._context.tenant, self._context.source, folders)
        self.version = (await self._link.load(self._script, self._kind)).version

    def submit(self, received: Received, done: Done) -> None:
        self.waiting += 1
        self.waiting_bytes += len(received.payload)
        queue = self._queues.get(id(received.state))
        if queue is not None:
            queue.append((received, done))
            return
        self._queues[id(received.state)] = deque()
        self._run(received, done)

    def _run(self, received: Received, done: Done) -> None:
        assert self._link is not None
        state, reason = encode_state(received) if received.state else (None, None)
        if reason is not None:
            self._finish(received, done, _decoded(received, reason=reason))
            return

        def answered(body: bytes | None, failure: Failure | None) -> None:
            if body is None and failure is None:
                self._finish(received, done, None)
            elif failure is not None:
                self._finish(received, done, _failed(received, state, failure))
            else:
                self._finish(received, done, self._succeeded(received, state, body or b""))

        self._link.run(
            *(self._script, self._timeout, metadata_json(received, self._context.source)),
            *(state or b"", received.payload, answered),
        )

    def _succeeded(self, received: Received, state: bytes | None, body: bytes) -> Decoded:
        encoded, rest = split_result(body)
        extras = msgspec.json.decode(rest, type=Extras) if rest else Extras()
        log = extras.log.encode() or None
        try:
            count = len(_events.decode(encoded)) if encoded else 0
        except msgspec.MsgspecError as error:
            return _decoded(received, reason=f"{self._script}  made an event that is none: {error}", state=state)
        if count > self._most_events:
            reason = f"more than {self._most_events:,} events of one request"
            return _decoded(received, reason=reason, state=state, log=log, log_cut=extras.log_cut)
        if extras.state is not None:
            received.state.clear()
            received.state.update(extras.state)
        received.respond = extras.respond
        return _decoded(received, encoded or None, state=state, log=log, log_cut=extras.log_cut)

    def _finish(self, received: Received, done: Done, decoded: Decoded | None) -> None:
        self.waiting -= 1
        self.waiting_bytes -= len(received.payload)
        done(decoded)
        queue = self._queues[id(received.state)]
        if queue:
            self._run(*queue.popleft())
        else:
            del self._queues[id(received.state)]

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()


def metadata_json(received: Received, source: str) -> bytes:
    """The metadata that a script is given, as JSON; the head's part of it is made once a head."""
    host, port = received.remote
    own: dict[str, object] = {
        "source": source,
        "remote.host": host,
        "remote.port": port,
        "received": date_text(received.at),
        **(received.extra or {}),
    }
    encoded = msgspec.json.encode(own)
    head = received.head.metadata if received.head is not None else b"{}"
    return encoded if head == b"{}" else head[:-1] + b"," + encoded[1:]


def _failed(received: Received, state: bytes | None, failure: Failure) -> Decoded:
    place = f"{failure.file}:{failure.line}  " if failure.file and failure.line else ""
    log = failure.log.encode()[:MOST_KEPT] or None
    return _decoded(received, reason=place + failure.reason, state=state, log=log, log_cut=failure.log_cut)


def _decoded(
    received: Received,
    events: bytes | None = None,
    *,
    reason: str | None = None,
    state: bytes | None = None,
    log: bytes | None = None,
    log_cut: int = 0,
) -> Decoded:
    micros = int((time.perf_counter() - received.began) * 1e6)
    return Decoded(reason, events, state, log, log_cut, micros)
