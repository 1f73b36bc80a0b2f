"""Counting requests: a rate over the last seconds, sums over the last minutes."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from core.engine.cost_meter import CostMeter
from core.model.refusals import OTHER_REASONS, RefusedCount

RATE_SECONDS = 5
REMEMBERED_SECONDS = 600
MOST_REASONS = 32
"""Reasons of refusals that are told apart for a source; further ones are counted together."""


class Meter:
    """Counts of one kind, in buckets of a second."""

    def __init__(self) -> None:
        self.total = 0
        self._buckets = [0] * REMEMBERED_SECONDS
        self._second = int(time.monotonic())
        self._sum = 0

    def _advance(self) -> int:
        now = int(time.monotonic())
        passed = min(now - self._second, REMEMBERED_SECONDS)
        for step in range(passed):
            place = (self._second + 1 + step) % REMEMBERED_SECONDS
            self._sum -= self._buckets[place]
            self._buckets[place] = 0
        self._second = now
        return now

    def add(self, count: int) -> None:
        if count:
            self._buckets[self._advance() % REMEMBERED_SECONDS] += count
            self._sum += count
            self.total += count

    def correct(self, seconds_ago: float, by: int) -> None:
        """Counts more or fewer of a moment that has passed, where that is remembered still."""
        if by and 0 <= seconds_ago < REMEMBERED_SECONDS - 1:
            self._buckets[(self._advance() - int(seconds_ago)) % REMEMBERED_SECONDS] += by
            self._sum += by

    def rate(self) -> float:
        """A second, over the last whole seconds."""
        now = self._advance()
        last = [self._buckets[(now - step) % REMEMBERED_SECONDS] for step in range(1, RATE_SECONDS + 1)]
        return sum(last) / RATE_SECONDS

    def recent(self) -> int:
        """In the last ten minutes."""
        self._advance()
        return max(0, self._sum)


class RequestMeters:
    """What is counted of one event source."""

    def __init__(self) -> None:
        self.requests = Meter()
        self.failed = Meter()
        self.refused = Meter()
        self.dropped = Meter()
        """Datagrams that the kernel had no room for."""
        self.unsent = Meter()
        """Answers to datagrams that could not be sent."""
        self.held_back = Meter()
        """How often a connection, or a UDP socket, was not read for the sake of the rate limit."""
        self.costs = CostMeter()
        self.only_counted = 0
        """Refused requests that were not recorded, since the engine started."""
        self._reasons: dict[str, Meter] = {}

    def add(self, decoded: int, failed: int, refused: Mapping[str, int]) -> None:
        """Counts recorded requests; `refused` are those that were, by reason."""
        self.requests.add(decoded + failed)
        self.failed.add(failed)
        for reason, count in refused.items():
            self._add_refused(reason, count)

    def add_redecoded(self, received: int, failed: int) -> None:
        """A request of that received date (milliseconds since the epoch) has failed now (1), or has no longer (-1)."""
        self.failed.correct(time.time() - received / 1000, failed)

    def add_uncounted(self, counts: Iterable[RefusedCount]) -> list[RefusedCount]:
        """Counts refused requests that were not recorded; gives them back with the reason that each counts under."""
        counted: list[RefusedCount] = []
        for reason, network, count in ((each.reason, each.network, each.count) for each in counts):
            self.only_counted += count
            counted.append(RefusedCount(self._add_refused(reason, count), network, count))
        return counted

    def _add_refused(self, reason: str, count: int) -> str:
        if reason not in self._reasons and len(self._reasons) >= MOST_REASONS:
            reason = OTHER_REASONS
        self._reasons.setdefault(reason, Meter()).add(count)
        self.requests.add(count)
        self.refused.add(count)
        return reason

    def refusals(self) -> dict[str, Any] | None:
        """What was refused, by reason, the most frequent of late first; None where nothing was."""
        if not self._reasons:
            return None
        reasons = [
            {"reason": reason, "recent": meter.recent(), "total": meter.total}
            for reason, meter in self._reasons.items()
        ]
        reasons.sort(key=lambda each: (each["recent"], each["total"]), reverse=True)
        return {"only_counted": self.only_counted, "reasons": reasons}
