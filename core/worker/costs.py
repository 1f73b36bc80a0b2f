"""What a worker's requests cost, counted a commit at a time: a request itself only notes when its decode began."""

from collections.abc import Iterable
from time import monotonic
from typing import Final

from core.model.costs import StepCounts, class_of

TOLD_EVERY: Final = 1.0
"""Seconds between two times that the engine is told."""

MEASURED: Final = 8
"""Requests of one commit that are looked at; of a larger commit every so many-th is, and counts for those behind it."""

Timing = tuple[float, float, int]
"""When the last byte of a request was there and when its decode began (time.monotonic()), and the microseconds from
the one to the end of the other."""


class CostMeter:
    """The counts since they were last taken."""

    def __init__(self) -> None:
        self._counts = StepCounts()
        self._told = monotonic()

    def committed(self, timings: Iterable[Timing | None], rows: int, waited: int, on_disk: float) -> None:
        """A commit is done and its answers have gone; `waited` requests were waiting as it ended, `on_disk` says when
        that was. Rows that were never decoded have no timing."""
        answered = class_of(int((monotonic() - on_disk) * 1e6))
        counts = self._counts
        interact, decode, commit = counts.interact, counts.decode, counts.commit
        decoded = [timing for timing in timings if timing is not None]
        step = -(-len(decoded) // MEASURED) or 1
        for at in range(0, len(decoded), step):
            began, decoding, micros = decoded[at]
            count = min(step, len(decoded) - at)
            before = int((decoding - began) * 1e6)
            place = class_of(before)
            interact[place] = interact.get(place, 0) + count
            place = class_of(micros - before)
            decode[place] = decode.get(place, 0) + count
            place = class_of(int((on_disk - began) * 1e6) - micros)
            commit[place] = commit.get(place, 0) + count
        if decoded:
            counts.answer[answered] = counts.answer.get(answered, 0) + len(decoded)
        for kind, value in ((counts.batch, rows), (counts.queue, waited)):
            place = class_of(value)
            kind[place] = kind.get(place, 0) + 1

    def due(self) -> bool:
        """Whether there is something to tell, and it is time."""
        return bool(self._counts) and monotonic() - self._told >= TOLD_EVERY

    def take(self) -> StepCounts | None:
        """What was counted since it was taken last; None where nothing was."""
        if not self._counts:
            return None
        taken, self._counts, self._told = self._counts, StepCounts(), monotonic()
        return taken
