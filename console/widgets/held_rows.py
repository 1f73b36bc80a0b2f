"""What a live list holds of its feed, whether it follows or stands still, and what it could not hold.

The engine keeps everything; this is a window on it. While the list follows, old rows fall out at one end. While it
stands still, the rows being looked at never do: what then has no room is counted, and fetched again page by page when
someone scrolls there.
"""

from collections import deque
from collections.abc import Sequence

from console.widgets.ring import RING_ROWS, Ring
from console.widgets.traffic_row import Line
from core.model.requests import TrafficRow

TAIL_ROWS = 2_000
"""The newest rows that found no room; they close the gap when the list catches up page by page."""


class HeldRows:
    """The ring, and the counts that a screen tells. `keep` is the number of the first row that is looked at."""

    def __init__(self, capacity: int = RING_ROWS) -> None:
        self.ring: Ring[Line] = Ring(capacity)
        self.following = True
        self.arrived = 0
        """Rows that came since the list stands still."""
        self.left_out = 0
        """Rows that the engine left out of its frames."""
        self.fallen = 0
        """Old rows that fell out."""
        self.missed = 0
        """Rows newer than the last one held that found no room."""
        self.more_older = True
        """There may be rows older than the first one held."""
        self._tail: deque[Line] = deque(maxlen=TAIL_ROWS)

    def receive(self, rows: Sequence[Line], left_out: int, keep: int) -> None:
        """Takes what a frame brought."""
        self.left_out += left_out
        if not self.following:
            self.arrived += len(rows) + left_out
        if self.missed:
            self.missed += len(rows)
            self._tail.extend(rows)
            return
        taken = self._append(rows, None if self.following else keep)
        self.missed = len(rows) - taken
        self._tail.extend(rows[taken:])

    def take_older(self, rows: Sequence[TrafficRow], more: bool, keep: int) -> None:
        """Puts a page of older rows in front; none up to number `keep` falls out for it."""
        before = self.ring.first
        self.missed += self.ring.prepend(rows, keep)
        self.fallen = max(0, self.fallen - (before - self.ring.first))
        self.more_older = more

    def take_newer(self, rows: Sequence[TrafficRow], more: bool, keep: int) -> None:
        """Puts a page behind the last row; after the last page the list is up to date again, if there was room."""
        if not more:
            all_rows: list[Line] = [*rows, *self._tail]
            self.missed = len(all_rows) - self._append(all_rows, keep)
        else:
            self._append(rows, keep)
        if not self.missed:
            self._tail.clear()

    def edge(self, *, older: bool) -> str | None:
        """The id of the first request held, or of the last: where the engine can go on."""
        numbers = range(self.ring.first, self.ring.end)
        found = (self.ring[number] for number in (numbers if older else reversed(numbers)))
        return next((row.id for row in found if isinstance(row, TrafficRow)), None)

    def expect_gap(self) -> None:
        """Rows may have passed unseen: the last one held is no longer known to be the newest."""
        self.missed = max(self.missed, 1)

    def clear(self) -> None:
        """Forgets the rows and all counts but what arrived."""
        self.ring.clear()
        self.missed = self.left_out = self.fallen = 0
        self._tail.clear()
        self.more_older = True

    def _append(self, rows: Sequence[Line], keep: int | None) -> int:
        taken, fallen = self.ring.append(rows, keep)
        self.fallen += fallen
        return taken
