"""Octet Counting Framing (RFC 6587, 3.4.1): before each frame its length in decimal digits and a space."""

from core.catalogue.component import Component
from core.catalogue.scriptless import NoSettings
from core.wire.ascii_length import AsciiLength, AsciiLengthFraming
from core.wire.framing import FramingMaker

RULES = AsciiLength(digits=8, until=b" ", strip=True)


def make(settings: NoSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return lambda: AsciiLengthFraming(RULES)


COMPONENT = Component(
    role="framing",
    type="octet_counting",
    title="Octet Counting Framing",
    summary="before each frame stand its length and a space, as syslog over TCP has them",
    settings=NoSettings,
    make=make,
)
