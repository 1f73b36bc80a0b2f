"""The candidate rows of a statement, nearest first, merged out of the segments that may have some.

Where rows are passed over, any number of them may lie between two candidates. Then the index is gone through in windows
of time, each of bounded work, and after each it is told how far that is: a search can stop there and go on later.
"""

import contextlib
import heapq
import itertools
import sqlite3
from collections.abc import Generator, Iterator
from typing import Final, NamedTuple

from core.journal.query import Piece, Statement
from core.journal.request_id import id_after, id_at, id_before, id_milliseconds

Candidate = tuple[bytes, int, int, int, int]
"""Request id, segment, seq, place of the event, number of the current decode."""

FIRST_WINDOW: Final = 60_000
"""Milliseconds; windows grow where they hold little, and shrink where they hold too much."""
GROWTH: Final = 4
WINDOW_ROWS: Final = 500
STEPS: Final = 10_000
"""SQLite's instructions between two looks at how many there were."""
MOST_STEPS: Final = 300
"""So many times `STEPS` is a window's work: about a tenth of a second."""
FEW_STEPS: Final = 50


class Passed(NamedTuple):
    """All up to this id, and with it, was looked at."""

    request: bytes


def candidates(index: sqlite3.Connection, asked: Statement) -> Iterator[Candidate | Passed]:
    """What the statement gives. With `asked.sifts` there are words between, of what lies behind."""
    return _windows(index, asked) if asked.sifts else _merged(index, asked, None, None)


def count(index: sqlite3.Connection, asked: Statement, where: str) -> int:
    """How many requests the statement's candidates are of, of those that meet `where` (as `q`)."""
    sql = f"SELECT count(DISTINCT f.id) FROM ({asked.sql}) f JOIN requests q ON q.id = f.id"
    return sum(
        index.execute(f"{sql} WHERE {where}", (*piece.values, piece.first, piece.last, *asked.values)).fetchone()[0]
        for piece in asked.pieces
    )


def _merged(
    index: sqlite3.Connection, asked: Statement, first: bytes | None, last: bytes | None
) -> Iterator[Candidate]:
    """In order, between these ids; a piece is opened when its turn comes."""
    waiting: list[tuple[int, int, Piece]] = []
    for number, piece in enumerate(asked.pieces):
        low = piece.first if first is None else max(first, piece.first)
        high = piece.last if last is None else min(last, piece.last)
        if low <= high:
            nearest = _key(low, 0) if asked.ascending else -_key(high, _MOST_PLACES)
            waiting.append((nearest, number, Piece(low, high, piece.values)))
    waiting.sort(reverse=True, key=lambda each: each[:2])
    open: list[tuple[int, int, Candidate, Iterator[Candidate]]] = []
    sign = 1 if asked.ascending else -1
    while waiting or open:
        while waiting and (not open or waiting[-1][0] <= open[0][0]):
            _, number, piece = waiting.pop()
            rows = index.execute(asked.sql, (*piece.values, piece.first, piece.last, *asked.values))
            for row in rows:
                heapq.heappush(open, (sign * _key(row[0], row[3]), number, row, rows))
                break
        if not open:
            continue
        _, number, row, rows = open[0]
        yield row
        for row in rows:
            heapq.heapreplace(open, (sign * _key(row[0], row[3]), number, row, rows))
            break
        else:
            heapq.heappop(open)


_MOST_PLACES: Final = (1 << 32) - 1


def _key(request: bytes, place: int) -> int:
    return int.from_bytes(request, "big") << 32 | place


def _windows(index: sqlite3.Connection, asked: Statement) -> Iterator[Candidate | Passed]:
    if not asked.pieces:
        return
    first = min(piece.first for piece in asked.pieces)
    last = max(piece.last for piece in asked.pieces)
    width = FIRST_WINDOW
    behind: tuple[bytes, int] | None = None
    """The last candidate given, of which further events may follow."""
    while first <= last:
        low, high = _window(first, last, width, asked.ascending)
        work = _Work(unbounded=width <= 1)
        rows = _within(index, asked, low, high, behind, work)
        yield from rows
        if rows and (work.ended or len(rows) == WINDOW_ROWS):
            behind = rows[-1][0], rows[-1][3]
            first, last = (behind[0], last) if asked.ascending else (first, behind[0])
        elif not work.ended:
            behind = None
            if high == last if asked.ascending else low == first:
                return
            first, last = (id_after(high), last) if asked.ascending else (first, id_before(low))
            yield Passed(high if asked.ascending else low)
        if work.ended:
            width = max(1, width // (2 * GROWTH))
        elif work.done < FEW_STEPS and len(rows) < WINDOW_ROWS:
            width *= GROWTH


def _window(first: bytes, last: bytes, width: int, ascending: bool) -> tuple[bytes, bytes]:
    if ascending:
        return first, min(last, id_before(id_at(id_milliseconds(first) + width)))
    return max(first, id_at(id_milliseconds(last) - width + 1)), last


class _Work:
    """Ends what is executed when it has done a window's work."""

    def __init__(self, *, unbounded: bool) -> None:
        self.done = 0
        self.ended = False
        self._unbounded = unbounded

    def __call__(self) -> bool:
        self.done += 1
        self.ended = self.done > MOST_STEPS and not self._unbounded
        return self.ended


def _within(
    index: sqlite3.Connection,
    asked: Statement,
    low: bytes,
    high: bytes,
    behind: tuple[bytes, int] | None,
    work: _Work,
) -> list[Candidate]:
    """A window's candidates behind `behind`, as many as its work finds."""
    found: list[Candidate] = []
    rows = _merged(index, asked, low, high)
    if behind is not None:
        given = behind
        rows = itertools.dropwhile(
            lambda row: (row[0], row[3]) <= given if asked.ascending else (row[0], row[3]) >= given, rows
        )
    with _limited(index, work):
        try:
            for row in itertools.islice(rows, WINDOW_ROWS):
                found.append(row)
        except sqlite3.OperationalError:
            if not work.ended:
                raise
    return found


@contextlib.contextmanager
def _limited(index: sqlite3.Connection, work: _Work) -> Generator[None]:
    index.set_progress_handler(work, STEPS)
    try:
        yield
    finally:
        index.set_progress_handler(None, STEPS)
