"""Decoding with a Groovy script: what one request is sent as, and what its answer means."""

import time

import msgspec

from core.catalogue.received import Decoded, OfDevice, Received
from core.catalogue.worker_context import DecoderContext
from core.groovy.client import GroovyLink
from core.groovy.frames import Extras, Failure, Kind, split_result
from core.groovy.linking import link_of
from core.model.dates import date_text
from core.model.events import Event
from core.scripting.log import MOST_KEPT
from core.scripting.state import encode_state
from core.scripting.turns import Done, Turns

META = "com.sitewhere.spi.device.communication.IDeviceEventDecoder"
"""What the keys begin with under which SiteWhere's composite decoder tells of the device."""

_events = msgspec.json.Decoder(list[Event])


class GroovyDecoding:
    """A `RemoteDecoder`. Requests of one connection run one after another, for the script may change its state."""

    def __init__(self, context: DecoderContext, script: str, kind: Kind, timeout: float, most_events: int) -> None:
        self.version: str | None = None
        self._context = context
        self._script = script
        self._kind: Kind = kind
        self._timeout = timeout
        self._most_events = most_events
        self._link: GroovyLink | None = None
        self._turns = Turns(self._run)

    @property
    def waiting(self) -> int:
        return self._turns.waiting

    @property
    def waiting_bytes(self) -> int:
        return self._turns.waiting_bytes

    async def open(self) -> None:
        if self._link is None:
            self._link = link_of(self._context)
        self.version = (await self._link.load(self._script, self._kind)).version

    def submit(self, received: Received, done: Done) -> None:
        self._turns.submit(received, done)

    def _run(self, received: Received, done: Done) -> None:
        assert self._link is not None
        state, reason = encode_state(received) if received.state else (None, None)
        if reason is not None:
            done(_decoded(received, reason=reason))
            return

        def answered(body: bytes | None, failure: Failure | None) -> None:
            if failure is not None:
                done(_failed(received, state, failure))
            else:
                done(None if body is None else self._succeeded(received, state, body))

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
        **(of_device(received.device) if received.device is not None else {}),
        **(received.extra or {}),
    }
    encoded = msgspec.json.encode(own)
    head = received.head.metadata if received.head is not None else b"{}"
    return encoded if head == b"{}" else head[:-1] + b"," + encoded[1:]


def of_device(device: OfDevice) -> dict[str, object]:
    """A device as SiteWhere's composite decoder tells of it; the sidecar makes its classes of that."""
    return {
        f"{META}:device": {"hardwareId": device.hardware_id, "specificationToken": device.specification},
        f"{META}:deviceSpecification": {"token": device.specification},
    }


def _failed(received: Received, state: bytes | None, failure: Failure) -> Decoded:
    log = failure.log.encode()[:MOST_KEPT] or None
    return _decoded(received, reason=failure.said(), state=state, log=log, log_cut=failure.log_cut)


def _decoded(
    received: Received,
    events: bytes | None = None,
    *,
    reason: str | None = None,
    state: bytes | None = None,
    log: bytes | None = None,
    log_cut: int = 0,
) -> Decoded:
    micros = int((time.monotonic() - received.began) * 1e6)
    return Decoded(reason, events, state, log, log_cut, micros)
