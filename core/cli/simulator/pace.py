"""When the next request is due."""

PATIENCE = 1.0
"""Seconds of delay that are made up for; what a stalled server held up longer is not sent in one burst after."""


class Pace:
    """A schedule of `rate` requests a second from `start` on; no rate: one is always due.

    Times are a monotonic clock's seconds and come in as arguments. The schedule is absolute, so that neither late
    timers nor slow answers lower the rate over time.
    """

    def __init__(self, rate: float, start: float) -> None:
        self.rate = rate
        self._start = start
        self._given = 0

    def take(self, now: float) -> bool:
        """Whether one is due; it is then given out."""
        if not self.rate:
            return True
        if self._start + self._given / self.rate > now:
            return False
        self.reserve(now)
        return True

    def reserve(self, now: float) -> float:
        """Gives one out, and the seconds until it is due."""
        if not self.rate:
            return 0.0
        due = self._start + self._given / self.rate
        if now - due > PATIENCE:
            self._start += now - due
            due = now
        self._given += 1
        return max(0.0, due - now)

    def wait(self, now: float) -> float:
        """Seconds until one is due."""
        return max(0.0, self._start + self._given / self.rate - now) if self.rate else 0.0
