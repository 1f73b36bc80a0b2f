"""JSON Framing: JSON objects or lists one behind the other, with white space, commas or nothing between them."""

import re

from core.catalogue.component import Component
from core.catalogue.scriptless import NoSettings
from core.wire.framing import BadFrame, Framed, FramingMaker, Step

_BETWEEN = re.compile(rb"[\s,\x1e]*")
_TELLING = re.compile(rb'[\[\]{}"\\]')


class JsonFraming(Framed):
    """See `core.wire.framing.Framing`. Depth is counted, and a brace in a string is none."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._at = 0

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        if not self._depth:
            between = _BETWEEN.match(data)
            if between is not None and between.end():
                return Step(between.end(), None)
            if bytes(data[:1]) not in (b"{", b"["):
                raise BadFrame(f"no JSON object or list: it begins with {bytes(data[:1])!r}")
            self._at = 0
        return self._read(data)

    def _read(self, data: bytearray) -> Step | None:
        while (found := _TELLING.search(data, self._at)) is not None:
            self._at = found.end()
            char = found[0]
            if char == b"\\":
                if not self._in_string:
                    continue
                if self._at == len(data):  # what it escapes is not here yet
                    self._at -= 1
                    return None
                self._at += 1
            elif char == b'"':
                self._in_string = not self._in_string
            elif not self._in_string:
                self._depth += 1 if char in b"[{" else -1
                if not self._depth:
                    return Step(self._at, bytes(data[: self._at]))
        self._at = max(self._at, len(data))
        return None


def make(settings: NoSettings, context: object) -> FramingMaker:
    """Framings for connections."""
    return JsonFraming


COMPONENT = Component(
    role="framing",
    type="json",
    title="JSON Framing",
    summary="JSON objects or lists, one behind the other",
    settings=NoSettings,
    make=make,
)
