"""JT/T 808 Framing: frames between 0x7e, with 0x7d 0x01 and 0x7d 0x02 for what would end them."""

from core.catalogue.component import Component
from core.catalogue.scriptless import NoSettings
from core.wire.between import Between, Marks
from core.wire.framing import FramingMaker

MARKS = Marks(
    start=bytes.fromhex("7e"),
    end=bytes.fromhex("7e"),
    include=True,
    escapes={b"\x7d\x01": b"\x7d", b"\x7d\x02": b"\x7e"},
)


def make(settings: NoSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return lambda: Between(MARKS)


COMPONENT = Component(
    role="framing",
    type="jt808",
    title="JT/T 808 Framing",
    summary="frames between 0x7e, 0x7d01 and 0x7d02 escapes",
    settings=NoSettings,
    make=make,
)
