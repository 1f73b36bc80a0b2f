"""Frames of several kinds on one connection, told apart by their first bytes."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from core.wire.framing import BadFrame, Framing, FramingMaker, Remembering, Step


class Branch(NamedTuple):
    """The framing of frames that have certain bytes at a place."""

    bytes: bytes
    """Empty: any frame."""
    offset: int
    framing: FramingMaker


class Branching:
    """See `core.wire.framing.Framing`. The first branch whose bytes are there frames what comes."""

    def __init__(self, branches: Sequence[Branch], otherwise: Literal["skip", "close"]) -> None:
        self._branches = [(branch.bytes, branch.offset, branch.framing()) for branch in branches]
        self._skips = otherwise == "skip"
        self._current: Framing | None = None
        self.resyncs = False

    def remember(self, state: dict[str, Any], where: str) -> None:
        """See `core.wire.framing.Remembering`."""
        for _, _, framing in self._branches:
            if isinstance(framing, Remembering):
                framing.remember(state, where)

    def next(self, data: bytearray, seen: int, most: int) -> Step | None:
        if self._current is None:
            self._current = self._choose(data)
            seen = 0
        if self._current is None:
            return self._junk(data)
        step = self._current.next(data, seen, most)
        if step is not None:
            self._current = None
        return step

    def _choose(self, data: bytearray) -> Framing | None:
        """The framing for what comes; None where no branch is, or it cannot be told yet."""
        for wanted, offset, framing in self._branches:
            here = bytes(data[offset : offset + len(wanted)])
            if here == wanted:
                return framing
            if len(here) < len(wanted) and wanted.startswith(here):
                return None  # it may be this one
        return None

    def _junk(self, data: bytearray) -> Step | None:
        """What can be the beginning of no frame."""
        place = next((place for place in range(len(data)) if self._may_begin(data, place)), len(data))
        if not place:
            return None
        if not self._skips:
            raise BadFrame(f"no branch is for {bytes(data[:8]).hex()}")
        return Step(place, None, f"{place} bytes that begin no frame")

    def _may_begin(self, data: bytearray, start: int) -> bool:
        for wanted, offset, _ in self._branches:
            here = bytes(data[start + offset : start + offset + len(wanted)])
            if wanted.startswith(here):
                return True
        return False

    def end(self, data: bytearray) -> bytes | None:
        return self._current.end(data) if self._current is not None else None
