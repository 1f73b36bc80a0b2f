"""HDLC-like Framing (RFC 1662, 4): frames between 0x7e; behind 0x7d stands a byte with its sixth bit turned."""

from core.catalogue.component import Component
from core.catalogue.scriptless import NoSettings
from core.wire.between import Between, Marks
from core.wire.framing import FramingMaker

MARKS = Marks(
    start=bytes.fromhex("7e"),
    end=bytes.fromhex("7e"),
    include=False,
    escapes={bytes((0x7D, byte ^ 0x20)): bytes((byte,)) for byte in range(256)},
)


def make(settings: NoSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return lambda: Between(MARKS)


COMPONENT = Component(
    role="framing",
    type="hdlc",
    title="HDLC-like Framing",
    summary="frames between 0x7e, 0x7d escapes as in PPP",
    settings=NoSettings,
    make=make,
)
