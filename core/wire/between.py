"""Frames between a start and an end, and what escapes inside them stand for."""

import re
from dataclasses import dataclass, field

from core.wire.framing import BadFrame, Framed, Step, junk_before


@dataclass(frozen=True, slots=True)
class Marks:
    """What a frame stands between."""

    start: bytes
    end: bytes
    include: bool = True
    """Start and end stay in the frame."""
    escapes: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    """What stands for bytes that would end a frame, and the bytes."""
    nested: bool = False
    """A start inside needs an end of its own."""
    trailer: int = 0
    """Bytes behind the end that belong to the frame."""
    skips: bool = True
    """Bytes before a start are passed over; else they end the connection."""


class Between(Framed):
    """See `core.wire.framing.Framing`.

    Where start and end are the same, two frames may have one mark between them or two: nothing between two marks is no
    frame, and bytes behind a mark belong to a frame whose start that mark was.
    """

    resyncs = True

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._same = marks.start == marks.end
        self._open = False  # the mark that ended the last frame may be the start of this one
        both = sorted({marks.start, marks.end}, key=len, reverse=True)
        self._either = re.compile(b"|".join(map(re.escape, both)))
        self._escapes = re.compile(b"|".join(map(re.escape, sorted(marks.escapes, key=len, reverse=True))) or b"(?!)")

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        start = self._marks.start
        if self._open:
            if not data.startswith(start[: len(data)]):
                return self._frame(data, 0, seen)  # the mark before was its start
            if len(data) < len(start):
                return None
            self._open = False
        if data.startswith(start):
            return self._frame(data, len(start), seen)
        return self._junk(data)

    def _junk(self, data: bytearray) -> Step | None:
        """What is before the next start."""
        junk = junk_before(self._marks.start, data)
        if junk is not None and not self._marks.skips:
            raise BadFrame(junk.said)
        return junk

    def _frame(self, data: bytearray, begins: int, seen: int) -> Step | None:
        """The frame whose content begins there, if its end is here."""
        marks = self._marks
        overlap = len(marks.end) + len(marks.start)
        ends = self._end_of(data, begins) if marks.nested else data.find(marks.end, max(begins, seen - overlap))
        if ends < 0 or len(data) < ends + len(marks.end) + marks.trailer:
            return None
        take = ends + len(marks.end) + marks.trailer
        content = bytes(data[begins:ends])
        if self._same:
            if not content and not begins:
                raise AssertionError("an open frame begins with a byte that is no mark")
            if not content:  # two marks: the second is a start
                return Step(len(marks.start), None)
            self._open = not marks.trailer
        trailer = bytes(data[ends + len(marks.end) : take])
        content = self._escapes.sub(lambda found: marks.escapes[found[0]], content) if marks.escapes else content
        return Step(take, marks.start + content + marks.end + trailer if marks.include else content + trailer)

    def _end_of(self, data: bytearray, begins: int) -> int:
        """Where the end stands that belongs to the first start."""
        depth = 1
        for found in self._either.finditer(data, begins):
            depth += 1 if found[0] == self._marks.start else -1
            if not depth:
                return found.start()
        return -1
