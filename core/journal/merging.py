"""What goes together into one segment of failed requests: as much as one takes, and small ones of before."""

from collections.abc import Iterable, Sequence
from typing import Final

from core.journal.volume import Measured

WRITTEN_AT_ONCE: Final = 64 << 20
"""Bytes, about, of a segment of failed requests: what is more waits for the next sweep."""
WRITTEN_PARTS: Final = 16
"""It takes up at most one part in so many of all that may be kept, so that their share holds several."""
MERGED_BELOW: Final = 8 << 20
"""Those with less than so many bytes are written anew with what comes to them, so that there are not thousands."""
SPAN_PARTS: Final = 8
"""A segment spans at most one part in so many of the time that its rows are kept, so that none is kept much longer."""

Rows = tuple[Measured, list[int]]
"""A segment, and which of its rows are to be written."""


def first_of(parts: Sequence[Rows], sizes: Iterable[int | None]) -> tuple[list[Rows], float]:
    """As many as go into one segment, one at the least, and how much room that leaves, about, in bytes. `sizes` limit
    what may be kept in all."""
    room: float = min([WRITTEN_AT_ONCE, *(size // WRITTEN_PARTS for size in sizes if size is not None)])
    some: list[Rows] = []
    for segment, seqs in parts:
        weight = segment.size * len(seqs) / max(1, segment.indexed.taken)
        if some and weight > room:
            break
        some.append((segment, seqs))
        room -= weight
    return some, room


def mergeable(segments: Sequence[Measured], beside: Sequence[Measured], age: float, room: float) -> list[Measured]:
    """Small segments of failed requests of the same source for which there is room, and that would not span too long a
    time with what comes to them; the newest first. `age` is how long their rows are kept, in seconds."""
    of = _place(beside[0])
    oldest = min(each.oldest or 0 for each in beside)
    newest = max(each.indexed.newest or 0 for each in beside)
    found: list[Measured] = []
    for each in reversed(segments):
        if not each.indexed.holds_failed or not each.indexed.finished or _place(each) != of:
            continue
        first, last = min(oldest, each.oldest or 0), max(newest, each.indexed.newest or 0)
        if each.size < MERGED_BELOW and each.size <= room and last - first <= age * 1000 / SPAN_PARTS:
            oldest, newest, room = first, last, room - each.size
            found.append(each)
    return found


def _place(segment: Measured) -> tuple[str, str, str | None]:
    return segment.indexed.tenant, segment.indexed.source, segment.indexed.deduplicator
