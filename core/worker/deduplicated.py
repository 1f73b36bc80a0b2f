"""Decoding with a deduplicator that judges in the worker's stead, before anything is stored.

What it calls a duplicate is not stored, but never silently: the request's decode log says which event it was.
"""

from collections.abc import Callable

import msgspec

from core.catalogue.decoding import RemoteDecoder, RemoteDeduplicator, Verdict
from core.catalogue.received import Decoded, Received
from core.model.events import Event, event_type
from core.scripting.log import joined

Done = Callable[[Decoded | None], None]

_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_EVENTS = msgspec.json.Decoder(list[Event])


class Deduplicated:
    """A `RemoteDecoder` made of a decoder and a deduplicator."""

    def __init__(self, decoder: RemoteDecoder, deduplicator: RemoteDeduplicator) -> None:
        self._decoder = decoder
        self._deduplicator = deduplicator
        self._waiting = 0
        self._waiting_bytes = 0

    @property
    def version(self) -> str | None:
        return self._decoder.version

    @property
    def waiting(self) -> int:
        """Requests that wait for their decode or for what the deduplicator says."""
        return self._waiting + self._decoder.waiting

    @property
    def waiting_bytes(self) -> int:
        return self._waiting_bytes + self._decoder.waiting_bytes

    async def open(self) -> None:
        await self._decoder.open()
        await self._deduplicator.open()

    def submit(self, received: Received, done: Done) -> None:
        self._decoder.submit(received, lambda decoded: self._judge(received, decoded, done))

    def _judge(self, received: Received, decoded: Decoded | None, done: Done) -> None:
        if decoded is None or decoded.reason is not None or not decoded.events:
            done(decoded)
            return
        events = _RAW.decode(decoded.events)
        if not events:
            done(decoded)
            return
        self._waiting += 1
        self._waiting_bytes += len(received.payload)

        def judged(verdict: Verdict | None) -> None:
            self._waiting -= 1
            self._waiting_bytes -= len(received.payload)
            done(None if verdict is None else without_duplicates(decoded, verdict))

        self._deduplicator.judge([bytes(event) for event in events], judged)

    async def close(self) -> None:
        await self._decoder.close()
        await self._deduplicator.close()


def without_duplicates(decoded: Decoded, verdict: Verdict) -> Decoded:
    """What is stored of a decode after the deduplicator's word."""
    log = verdict.log + _named_in_log(decoded, verdict)
    kept, cut = joined((decoded.log, decoded.log_cut), (log.encode(), 0))
    if verdict.reason is not None:
        return msgspec.structs.replace(decoded, reason=verdict.reason, events=None, log=kept, log_cut=cut)
    raw = _RAW.decode(decoded.events or b"[]")
    left = [bytes(event) for place, event in enumerate(raw) if place not in verdict.duplicates]
    events = b"[" + b",".join(left) + b"]" if left else None
    return msgspec.structs.replace(decoded, events=events, log=kept, log_cut=cut)


def _named_in_log(decoded: Decoded, verdict: Verdict) -> str:
    if not verdict.duplicates:
        return ""
    events = _EVENTS.decode(decoded.events or b"[]")
    return "".join(
        f"duplicate, not stored: {event_type(event)} of {event.hardware_id}  {event.brief()}\n"
        for place, event in enumerate(events)
        if place in verdict.duplicates
    )
