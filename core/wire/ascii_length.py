"""Frames whose length stands in them as digits."""

import re
from dataclasses import dataclass
from typing import Literal

from core.wire.framing import BadFrame, Framed, Step, junk_before


@dataclass(frozen=True, slots=True)
class AsciiLength:
    """Where the digits stand and what they count."""

    start: bytes = b""
    """What every frame begins with; other bytes are passed over."""
    offset: int = 0
    digits: int = 4
    """How many there are, or may be before `until`."""
    until: bytes = b""
    base: int = 10
    counts: Literal["frame", "rest", "from end"] = "rest"
    """The whole frame; what is behind the digits and their end; or from that end on, with it."""
    adjust: int = 0
    strip: bool = False
    """What is before the counted rest is taken off."""


class AsciiLengthFraming(Framed):
    """See `core.wire.framing.Framing`."""

    def __init__(self, rules: AsciiLength) -> None:
        self._rules = rules
        self._digits = re.compile(rb"[0-9]+" if rules.base == 10 else rb"[0-9A-Fa-f]+")

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        rules = self._rules
        if rules.start and not data.startswith(rules.start):
            return junk_before(rules.start, data)
        begins = rules.offset
        ends = (
            data.find(rules.until, begins, begins + rules.digits + len(rules.until))
            if rules.until
            else begins + rules.digits
        )
        if ends < 0 or len(data) < ends:
            here = bytes(data[begins : begins + rules.digits])
            enough = len(data) >= begins + rules.digits + len(rules.until)
            if enough or (here and not self._digits.fullmatch(here)):
                raise BadFrame(f"no length where it should be: {here!r}")
            return None
        number = bytes(data[begins:ends])
        if not self._digits.fullmatch(number):
            raise BadFrame(f"no length where it should be: {number!r}")
        value = int(number, rules.base)
        behind = ends + len(rules.until)
        total = value + rules.adjust + {"frame": 0, "rest": behind, "from end": ends}[rules.counts]
        if total < behind:
            raise BadFrame(f"a length of {value}, which is {total} bytes in all: less than the length itself needs")
        if total > most:
            raise BadFrame(f"a length of {value}, which is {total} bytes in all; {most} are allowed")
        return Step(total, bytes(data[behind if rules.strip else 0 : total])) if len(data) >= total else None
