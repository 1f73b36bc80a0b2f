"""Counting requests: a rate over the last seconds, sums over the last minutes."""

import time

RATE_SECONDS = 5
REMEMBERED_SECONDS = 600


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

    def rate(self) -> float:
        """A second, over the last whole seconds."""
        now = self._advance()
        last = [self._buckets[(now - step) % REMEMBERED_SECONDS] for step in range(1, RATE_SECONDS + 1)]
        return sum(last) / RATE_SECONDS

    def recent(self) -> int:
        """In the last ten minutes."""
        self._advance()
        return self._sum


class RequestMeters:
    """What is counted of one event source."""

    def __init__(self) -> None:
        self.requests = Meter()
        self.failed = Meter()
        self.refused = Meter()

    def add(self, decoded: int, failed: int, refused: int) -> None:
        self.requests.add(decoded + failed + refused)
        self.failed.add(failed)
        self.refused.add(refused)
