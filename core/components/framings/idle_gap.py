"""Idle Gap Framing: what comes without a pause is a frame, as with Modbus RTU over TCP and serial servers."""

from typing import Annotated

from core.catalogue.component import Component
from core.catalogue.settings import Settings, setting
from core.catalogue.units import Duration
from core.wire.framing import FramingMaker, Step


class IdleGapSettings(Settings):
    """Settings of the idle gap framing."""

    gap: Annotated[Duration, setting("Gap", "a pause of this length ends a frame", least="5 ms", most="60 s")] = (
        Duration("100 ms")
    )


class IdleGapFraming:
    """See `core.wire.framing.Framing`. Bytes alone end no frame; `gap` says after which pause `end` is asked."""

    resyncs = False

    def __init__(self, gap: float) -> None:
        self.gap = gap

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        return None

    def end(self, data: bytearray) -> bytes | None:
        return bytes(data)


def make(settings: IdleGapSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return lambda: IdleGapFraming(settings.gap)


COMPONENT = Component(
    role="framing",
    type="idle_gap",
    title="Idle Gap Framing",
    summary="what comes without a pause is a frame",
    settings=IdleGapSettings,
    make=make,
)
