"""ASCII Length Framing: digits near the beginning of a frame say how long it is."""

from typing import Annotated, Literal

from core.catalogue.component import Component
from core.catalogue.octets import octets, octets_fault
from core.catalogue.settings import Settings, setting
from core.wire.ascii_length import AsciiLength, AsciiLengthFraming
from core.wire.framing import FramingMaker


class AsciiLengthSettings(Settings):
    """Settings of the ASCII length framing."""

    start: Annotated[
        str | None,
        setting(
            "Start", "what every frame begins with, if there is such; other bytes are passed over", check=octets_fault
        ),
    ] = None
    offset: Annotated[
        int, setting("Offset", "bytes of the frame before the digits", least=0, most=1024, unit="bytes")
    ] = 0
    digits: Annotated[
        int, setting("Digits", "how many there are, or may be before what ends them", least=1, most=10)
    ] = 4
    until: Annotated[
        str | None,
        setting(
            "Until",
            "what ends the digits, such as a comma or a space; none given: their number does",
            check=octets_fault,
        ),
    ] = None
    base: Annotated[Literal["decimal", "hex"], setting("Base", "how the digits are read")] = "decimal"
    counts: Annotated[
        Literal["frame", "rest", "from end"],
        setting(
            "Counts",
            "the whole frame; what follows the digits and their end; or from that end on, with it",
        ),
    ] = "rest"
    adjust: Annotated[
        int, setting("Adjust", "what must be added to the number", least=-65536, most=65536, unit="bytes", folded=True)
    ] = 0
    strip: Annotated[
        bool, setting("Strip", "the length, and what is before it, is taken off before the decoder", folded=True)
    ] = False


def make(settings: AsciiLengthSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    rules = AsciiLength(
        start=octets(settings.start) if settings.start else b"",
        offset=settings.offset,
        digits=settings.digits,
        until=octets(settings.until) if settings.until else b"",
        base=10 if settings.base == "decimal" else 16,
        counts=settings.counts,
        adjust=settings.adjust,
        strip=settings.strip,
    )
    return lambda: AsciiLengthFraming(rules)


COMPONENT = Component(
    role="framing",
    type="ascii_length",
    title="ASCII Length Framing",
    summary="digits near the beginning of a frame say how long it is",
    settings=AsciiLengthSettings,
    make=make,
)
