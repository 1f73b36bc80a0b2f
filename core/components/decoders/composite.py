"""Composite Event Decoder (Binary): finds out whose a payload is, and has the decoder for such devices decode it.

A metadata extractor gives the device's hardware id, the payload inside and, if it can, the token of the device's
specification. Where it gives none, that is the token with which the device registered last. The first choice with that
token decodes the payload inside; its script finds the device in its metadata. Where no choice has it there is no event
and no failure, and the decode log says so.

Its parts are loaded one by one: of a script that cannot be loaded the last good one stays in use beside the new ones of
the others.
"""

import hashlib
import time
from collections.abc import Sequence
from typing import cast

import msgspec

from core.catalogue.component import Component, SiteWhereName, Slot
from core.catalogue.composition import Choice, Extraction, Extractor, Parts
from core.catalogue.naming import BY_TOKEN
from core.catalogue.received import Decoded, OfDevice, Received
from core.catalogue.scriptless import NoSettings
from core.catalogue.worker_context import DecoderContext
from core.errors import TidegateError
from core.groovy.discovery import unavailable
from core.scripting.log import Log, joined
from core.scripting.state import encode_state
from core.scripting.turns import Done, Turns

MOST_NAMED = 100
"""Characters of a hardware id or a token that a reason names."""
UNKNOWN = "the extractor names none, and no registration of the device that names one is kept"


class CompositeDecoder:
    """A `RemoteDecoder`: its extractor may be in another process, whatever its choices' decoders are."""

    def __init__(self, settings: NoSettings, context: DecoderContext, parts: Parts) -> None:
        extractor = parts["metadata_extractor"]
        assert isinstance(extractor, Extractor)
        self.extractor: Extractor = extractor
        self.choices = cast("Sequence[Choice]", parts["choices"])
        self.registrations = context.registrations
        self.closed = False
        self._turns = Turns(self._begin)

    @property
    def version(self) -> str | None:
        """Another as soon as one of its scripts is."""
        parts = (self.extractor, *(choice.decoder for choice in self.choices))
        versions = [part.version or "" for part in parts]
        if not any(versions):
            return None
        longest = max(map(len, versions))
        return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:longest]

    @property
    def waiting(self) -> int:
        return self._turns.waiting

    @property
    def waiting_bytes(self) -> int:
        return self._turns.waiting_bytes

    async def open(self) -> None:
        problems: list[TidegateError | TimeoutError] = []
        for part in (self.extractor, *(choice.decoder for choice in self.choices)):
            try:
                await part.open()
            except (TidegateError, TimeoutError) as error:
                problems.append(error)
        if problems:
            raise problems[0]

    def submit(self, received: Received, done: Done) -> None:
        self._turns.submit(received, done)

    def _begin(self, received: Received, done: Done) -> None:
        state, reason = encode_state(received) if received.state else (None, None)
        decode = _Decode(self, received, state, done)
        if reason is not None:
            decode.fail(reason)
        else:
            self.extractor.extract(received, decode.extracted)

    async def close(self) -> None:
        self.closed = True
        if self.registrations is not None:
            self.registrations.close()
        await self.extractor.close()
        for choice in self.choices:
            await choice.decoder.close()


class _Decode:
    """One request on its way through a composite decoder."""

    __slots__ = ("_composite", "_done", "_found", "_received", "_state")

    def __init__(self, composite: CompositeDecoder, received: Received, state: bytes | None, done: Done) -> None:
        self._composite = composite
        self._received = received
        self._state = state
        self._done = done
        self._found = Extraction()

    def fail(self, reason: str) -> None:
        self._end(reason, (self._found.log, self._found.log_cut))

    def extracted(self, found: Extraction | None) -> None:
        """What the extractor found; None: it could not be asked."""
        if found is None:
            self._done(None)
            return
        self._found = found
        if found.reason is not None:
            self.fail(found.reason)
        elif found.specification:
            self._choose(found.specification)
        elif self._composite.registrations is None:
            self._registered(None, "there is no journal to look into")
        else:
            self._composite.registrations.specification(found.hardware_id, self._registered)

    def _registered(self, specification: str | None, problem: str) -> None:
        if specification is not None or self._composite.closed:
            self._choose(specification or "")
        else:
            self.fail(f"no specification is known of device {_named(self._found.hardware_id)}: {problem or UNKNOWN}")

    def _choose(self, specification: str) -> None:
        found = self._found
        if self._composite.closed:
            self._done(None)
            return
        choice = next((choice for choice in self._composite.choices if choice.takes(specification)), None)
        if choice is None:
            said = (
                f"INFO no choice is for the specification {_named(specification)} of device"
                f" {_named(found.hardware_id)}: no event is made of this payload\n"
            )
            self._end(None, joined((found.log, found.log_cut), (said.encode(), 0)))
            return
        inside = msgspec.structs.replace(
            self._received,
            payload=found.payload,
            whole=self._received.kept,
            device=OfDevice(found.hardware_id, specification),
        )
        choice.decoder.submit(inside, lambda decoded: self._decoded(inside, decoded))

    def _decoded(self, inside: Received, decoded: Decoded | None) -> None:
        if decoded is None:
            self._done(None)
            return
        self._received.respond, self._received.respond_type = inside.respond, inside.respond_type
        registrations = self._composite.registrations
        if registrations is not None and decoded.events:
            registrations.note(self._received.id, decoded.events)
        log, cut = joined((self._found.log, self._found.log_cut), (decoded.log, decoded.log_cut))
        self._done(msgspec.structs.replace(decoded, log=log, log_cut=cut))

    def _end(self, reason: str | None, log: Log) -> None:
        micros = int((time.monotonic() - self._received.began) * 1e6)
        self._done(Decoded(reason, None, self._state, *log, micros))


def _named(text: str) -> str:
    """A device's own word as a reason names it."""
    return repr(text if len(text) <= MOST_NAMED else f"{text[:MOST_NAMED]}…")


COMPONENT = Component(
    role="decoder",
    type="composite",
    title="Composite Event Decoder (Binary)",
    summary="a script says whose a payload is, and the device's specification which decoder takes it",
    settings=NoSettings,
    make=CompositeDecoder,
    slots=(
        Slot("metadata_extractor", "metadata_extractor", "Metadata Extractor"),
        Slot("choices", "composite_choice", "Composite Event Decoder Choices", many=True, index=BY_TOKEN),
    ),
    sitewhere=SiteWhereName("composite-decoder"),
    unavailable=unavailable,
)
