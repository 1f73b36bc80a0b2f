"""Refused requests that a worker does not record: counted by reason and network, until the engine is told."""

from collections import Counter
from typing import Final

from core.model.refusals import OTHER_NETWORKS, OTHER_REASONS, RefusedCount

MOST_PAIRS: Final = 256
"""Pairs of reason and network that wait to be told; of further ones the reason alone is."""
MOST_REASONS: Final = 32
"""Reasons that may wait alone; further ones are counted together."""


class Uncounted:
    """The counts since they were last taken. However many there are, none is lost, and few are held."""

    def __init__(self) -> None:
        self._waiting: Counter[tuple[str, str]] = Counter()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, reason: str, network: str) -> None:
        waiting, key = self._waiting, (reason, network)
        if key not in waiting and len(waiting) >= MOST_PAIRS:
            key = (reason, OTHER_NETWORKS)
            if key not in waiting and len(waiting) >= MOST_PAIRS + MOST_REASONS:
                key = (OTHER_REASONS, OTHER_NETWORKS)
        waiting[key] += 1

    def take(self) -> list[RefusedCount]:
        """What was counted since the last time."""
        taken = [RefusedCount(reason, network, count) for (reason, network), count in self._waiting.items()]
        self._waiting.clear()
        return taken
