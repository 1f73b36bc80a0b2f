"""A bounded list whose rows keep their numbers while others come and go at both ends.

A row's number never changes as long as the row is held, so a cursor, a scroll position or a mark that is kept as a
number stays on its row whatever arrives after it or falls out before it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Generic, Protocol, TypeVar

RING_ROWS = 10_000
"""About 10 MB of request summaries; older ones are fetched again from the engine when someone scrolls there."""


class Identified(Protocol):
    """What a ring can hold: two rows with the same id are the same row."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Identified)


class Ring(Generic[R]):
    """Rows `first` to `end` (not included) by number; numbers may be negative, since older rows can be put in front."""

    def __init__(self, capacity: int = RING_ROWS) -> None:
        self.capacity = capacity
        self.first = 0
        self._rows: deque[R] = deque()
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, id: str) -> bool:
        return id in self._numbers

    def __getitem__(self, number: int) -> R:
        if not self.first <= number < self.end:
            raise IndexError(number)
        return self._rows[number - self.first]

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows)

    @property
    def end(self) -> int:
        """The number that the next row will get."""
        return self.first + len(self._rows)

    def number(self, id: str) -> int | None:
        """The number of the row with that id, if it is held."""
        return self._numbers.get(id)

    def slice(self, start: int, stop: int) -> Iterator[R]:
        """The held rows numbered `start` to `stop` (not included)."""
        return islice(self._rows, max(0, start - self.first), max(0, stop - self.first))

    def clamp(self, number: int) -> int:
        """The nearest number that is held; `end` - 1 where nothing is."""
        return max(self.first, min(number, self.end - 1))

    def append(self, rows: Iterable[R], keep: int | None = None) -> tuple[int, int]:
        """Puts new rows at the end; returns how many were taken and how many old ones fell out for them.

        `keep` is a number that must not fall out: once it would, no further row is taken. Rows that are held
        already are counted as taken.
        """
        taken = fallen = 0
        for row in rows:
            if row.id not in self._numbers:
                if len(self._rows) >= self.capacity:
                    if keep is not None and self.first >= keep:
                        break
                    self._drop_first()
                    fallen += 1
                self._numbers[row.id] = self.end
                self._rows.append(row)
            taken += 1
        return taken, fallen

    def replace(self, row: R) -> bool:
        """Puts a row in the place of the one with its id; False where none is held."""
        number = self._numbers.get(row.id)
        if number is None:
            return False
        self._rows[number - self.first] = row
        return True

    def prepend(self, rows: Iterable[R], keep: int) -> int:
        """Puts older rows (oldest first) in front; returns how many of the newest fell out for them.

        Neither the row numbered `keep` nor one before it falls out: what no longer fits is left away.
        """
        fallen = 0
        for row in reversed([row for row in rows if row.id not in self._numbers]):
            if len(self._rows) >= self.capacity:
                if self.end - 1 <= keep:
                    break
                del self._numbers[self._rows.pop().id]
                fallen += 1
            self.first -= 1
            self._numbers[row.id] = self.first
            self._rows.appendleft(row)
        return fallen

    def clear(self) -> None:
        """Forgets all rows; what is appended next gets numbers that were not used yet."""
        self.first = self.end
        self._rows.clear()
        self._numbers.clear()

    def _drop_first(self) -> None:
        del self._numbers[self._rows.popleft().id]
        self.first += 1
