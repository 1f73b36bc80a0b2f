"""Length Prefix Framing: a number near the beginning of a frame says how long it is."""

from typing import Annotated, Literal

from core.catalogue.component import Component
from core.catalogue.settings import Settings, setting
from core.wire.framing import BadFrame, Framed, FramingMaker, Step


class LengthPrefixSettings(Settings):
    """Settings of the length prefix framing."""

    offset: Annotated[
        int, setting("Offset", "bytes of the frame before the length", least=0, most=1024, unit="bytes")
    ] = 0
    width: Annotated[int, setting("Width", "bytes of the length itself", least=1, most=4, unit="bytes")] = 2
    byte_order: Annotated[
        Literal["big", "little"],
        setting("Byte order", "which byte of the length comes first: the highest, or the lowest"),
    ] = "big"
    adjust: Annotated[
        int,
        setting(
            "Adjust",
            "what must be added to the length to have the whole frame, with all before and behind it",
            least=-65536,
            most=65536,
            unit="bytes",
        ),
    ] = 0
    mask: Annotated[
        str | None,
        setting(
            "Mask",
            "which bits of the number are the length, as hex: 0x7fff leaves a flag in the top bit out",
            pattern=r"0x[0-9A-Fa-f]{1,8}",
            pattern_help="is no hex number: write one such as 0x7fff",
            folded=True,
        ),
    ] = None
    strip: Annotated[
        int,
        setting(
            "Strip",
            "bytes that are taken off the beginning before the decoder",
            least=0,
            most=1024,
            unit="bytes",
            folded=True,
        ),
    ] = 0


class LengthPrefixFraming(Framed):
    """See `core.wire.framing.Framing`."""

    def __init__(self, settings: LengthPrefixSettings) -> None:
        self._start = settings.offset
        self._end = settings.offset + settings.width
        self._order: Literal["big", "little"] = settings.byte_order
        self._adjust = settings.adjust
        self._mask = int(settings.mask, 16) if settings.mask else -1
        self._strip = settings.strip

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        if len(data) < self._end:
            return None
        value = int.from_bytes(data[self._start : self._end], self._order) & self._mask
        total = value + self._adjust
        if total < max(self._end, 1):
            raise BadFrame(f"a length of {value}, which is {total} bytes in all: less than the length itself needs")
        if total > most:
            raise BadFrame(f"a length of {value}, which is {total} bytes in all; {most} are allowed")
        return Step(total, bytes(data[self._strip : total])) if len(data) >= total else None


def make(settings: LengthPrefixSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return lambda: LengthPrefixFraming(settings)


COMPONENT = Component(
    role="framing",
    type="length_prefix",
    title="Length Prefix Framing",
    summary="a number near the beginning of a frame says how long it is",
    settings=LengthPrefixSettings,
    make=make,
)
