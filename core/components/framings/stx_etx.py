"""STX/ETX Framing: frames between 0x02 and 0x03, as scales, meters and controllers send them."""

from core.catalogue.component import Component
from core.catalogue.scriptless import NoSettings
from core.wire.between import Between, Marks
from core.wire.framing import FramingMaker

MARKS = Marks(
    start=bytes.fromhex("02"),
    end=bytes.fromhex("03"),
    include=False,
    escapes={},
)


def make(settings: NoSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return lambda: Between(MARKS)


COMPONENT = Component(
    role="framing",
    type="stx_etx",
    title="STX/ETX Framing",
    summary="frames between 0x02 and 0x03: scales, meters, PLCs",
    settings=NoSettings,
    make=make,
)
