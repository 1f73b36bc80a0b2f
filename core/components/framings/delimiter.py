"""Delimiter Framing: a frame ends at one of several byte strings; the earliest ends it, at one place the longest."""

import re
from typing import Annotated

from core.catalogue.component import Component
from core.catalogue.octets import octets, octets_fault
from core.catalogue.settings import Settings, setting
from core.wire.framing import Framed, FramingMaker, Step


class DelimiterSettings(Settings):
    """Settings of the delimiter framing."""

    delimiters: Annotated[
        tuple[str, ...],
        setting("Delimiters", r"what ends a frame: text such as $ or \r\n, or hex such as 0x0d0a", check=octets_fault),
    ]
    include: Annotated[bool, setting("Keep the delimiter", "it stays at the end of the frame")] = False
    unless_before: Annotated[
        str | None,
        setting("Unless before", "a delimiter in front of these bytes is none", check=octets_fault, folded=True),
    ] = None
    keep_empty: Annotated[
        bool, setting("Keep empty frames", "two delimiters in a row have an empty frame between them", folded=True)
    ] = False


class DelimiterFraming(Framed):
    """See `core.wire.framing.Framing`.

    Where one delimiter begins with another (`#` and `#\\r\\n`) the shorter ends the frame as soon as it is there, since
    the device may be waiting for its answer; what else the longer has is passed over when it comes.
    """

    resyncs = True

    def __init__(self, delimiters: list[bytes], include: bool, keep_empty: bool, unless: bytes) -> None:
        shortest = [
            one for one in delimiters if not any(one != other and one.startswith(other) for other in delimiters)
        ]
        self._pattern = re.compile(
            b"|".join(re.escape(one) for one in shortest)
            if not unless
            else b"(?:%b)(?!%b)" % (b"|".join(re.escape(one) for one in shortest), re.escape(unless))
        )
        self._rests = {
            short: sorted((one[len(short) :] for one in delimiters if one.startswith(short) and one != short), key=len)
            for short in shortest
        }
        self._overlap = max(map(len, delimiters)) + len(unless) - 1
        self._include = include
        self._keep_empty = keep_empty
        self._awaited: list[bytes] = []

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        if self._awaited:
            return self._pass_over(data)
        match = self._pattern.search(data, max(0, seen - self._overlap))
        if match is None:
            return None
        self._awaited = self._rests[match[0]]
        empty = match.start() == 0
        frame = bytes(data[: match.end() if self._include else match.start()])
        return Step(match.end(), None if empty and not self._keep_empty else frame)

    def _pass_over(self, data: bytearray) -> Step | None:
        """The rest of a delimiter that ended the frame before, if that is what comes."""
        for rest in reversed(self._awaited):
            if data.startswith(rest):
                self._awaited = []
                return Step(len(rest), None)
        if any(rest.startswith(data) for rest in self._awaited):
            return None
        self._awaited = []
        return self.next(data, 0, 0)


def make(settings: DelimiterSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    delimiters = [octets(text) for text in settings.delimiters]
    unless = octets(settings.unless_before) if settings.unless_before else b""
    return lambda: DelimiterFraming(delimiters, settings.include, settings.keep_empty, unless)


COMPONENT = Component(
    role="framing",
    type="delimiter",
    title="Delimiter Framing",
    summary="a frame ends at a byte or a string, or at the first of several",
    settings=DelimiterSettings,
    make=make,
)
