"""Varint Framing: before each frame its length, seven bits a byte, as protocol buffers and MQTT have it."""

from core.catalogue.component import Component
from core.catalogue.scriptless import NoSettings
from core.wire.framing import BadFrame, Framed, FramingMaker, Step

MOST_DIGITS = 5
"""Bytes of a length: 35 bits."""


class VarintFraming(Framed):
    """See `core.wire.framing.Framing`."""

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        length = 0
        for place, byte in enumerate(data[:MOST_DIGITS]):
            length |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                start = place + 1
                if start + length > most:
                    raise BadFrame(f"a length of {length} bytes; {most} are allowed")
                end = start + length
                return Step(end, bytes(data[start:end])) if len(data) >= end else None
        if len(data) >= MOST_DIGITS:
            raise BadFrame(f"a length of more than {MOST_DIGITS} bytes")
        return None


def make(settings: NoSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return VarintFraming


COMPONENT = Component(
    role="framing",
    type="varint",
    title="Varint Framing",
    summary="before each frame stands its length, seven bits a byte",
    settings=NoSettings,
    make=make,
)
