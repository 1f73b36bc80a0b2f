"""SLIP Framing (RFC 1055): frames between 0xc0, with 0xdb 0xdc and 0xdb 0xdd for what would end them."""

from core.catalogue.component import Component
from core.catalogue.scriptless import NoSettings
from core.wire.between import Between, Marks
from core.wire.framing import FramingMaker

MARKS = Marks(
    start=bytes.fromhex("c0"),
    end=bytes.fromhex("c0"),
    include=False,
    escapes={b"\xdb\xdc": b"\xc0", b"\xdb\xdd": b"\xdb"},
)


def make(settings: NoSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return lambda: Between(MARKS)


COMPONENT = Component(
    role="framing",
    type="slip",
    title="SLIP Framing",
    summary="RFC 1055: frames end in 0xc0, 0xdb escapes",
    settings=NoSettings,
    make=make,
)
