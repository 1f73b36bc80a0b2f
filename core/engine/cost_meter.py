"""What an event source's requests cost, as its workers say once a second: over the last minute, and in all."""

import time
from collections import deque
from typing import Final

from core.model.costs import Costs, StepCounts, costs_over, summed

SPELL: Final = 5
SPELLS: Final = 12
"""The last minute is so many spells of so many seconds."""


class CostMeter:
    """Adds up over workers; what one counted before it ended stays."""

    def __init__(self) -> None:
        self._in_all = StepCounts()
        self._spells: deque[tuple[int, StepCounts]] = deque(maxlen=SPELLS)

    def add(self, counts: StepCounts) -> None:
        self._in_all.add(counts)
        now = int(time.monotonic()) // SPELL
        if not self._spells or self._spells[-1][0] != now:
            self._spells.append((now, StepCounts()))
        self._spells[-1][1].add(counts)

    def costs(self, waiting: int) -> Costs | None:
        """The costs; None where no worker has committed anything. `waiting` are the requests that wait now."""
        if not self._in_all:
            return None
        oldest = int(time.monotonic()) // SPELL - SPELLS
        recent = summed(counts for spell, counts in self._spells if spell > oldest)
        return Costs(waiting=waiting, last_minute=costs_over(recent), since_start=costs_over(self._in_all))
