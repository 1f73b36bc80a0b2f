"""Takes a segment that is gone out of the index, a few rows at a time."""

import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from core.journal.failed_segment import places_in
from core.journal.failures import change_counts
from core.journal.indexed import IndexedSegment, Transaction
from core.journal.settling import settle

LOG = logging.getLogger("tidegate.journal")

FORGET_AT_ONCE: Final = 1000
"""Rows that one transaction takes out: the follower waits for no longer than that takes."""

_TAKE_TYPES_OF: Final = "UPDATE segments SET types = types | (SELECT types FROM segments WHERE id = ?) WHERE id = ?"

Rest = Callable[[float], None]
"""Called between two steps with the seconds for which others are to be let in at the least."""


def no_rest(seconds: float) -> None:
    """Goes on at once."""


def forget(connection: sqlite3.Connection, journal: Path, segment: IndexedSegment, rest: Rest = no_rest) -> None:
    """Takes a segment's rows out of the index, a few at a time, and then the segment. Requests whose decodes are
    forgotten have their decode before again; those that a segment of failed requests holds too are found there."""
    if not segment.holds_decodes:
        rehome(connection, journal, segment, rest)
    bounds = _bounds(connection, segment)
    if bounds is None:
        return
    first, last = bounds
    while first is not None:
        began = time.monotonic()
        with Transaction(connection):
            ids = (_forget_decodes if segment.holds_decodes else _forget_requests)(connection, segment.id, first, last)
            if segment.holds_decodes:
                settle(connection, journal, ids)
        if len(ids) < FORGET_AT_ONCE:
            break
        first = ids[-1]
        rest(time.monotonic() - began)
    connection.execute("DELETE FROM segments WHERE id = ?", (segment.id,))


def _bounds(connection: sqlite3.Connection, segment: IndexedSegment) -> tuple[bytes | None, bytes] | None:
    """The least and the greatest id in a segment: None for both where it has no row."""
    return connection.execute("SELECT first, last FROM segments WHERE id = ?", (segment.id,)).fetchone()


def rehome(connection: sqlite3.Connection, journal: Path, segment: IndexedSegment, rest: Rest = no_rest) -> int:
    """Has the index find in segments of failed requests what they hold of this segment; how many it finds there now."""
    bounds = _bounds(connection, segment)
    if bounds is None or bounds[0] is None:
        return 0
    moved = 0
    first, last = bounds[0], bounds[1]
    for home in _homes(connection, segment, first, last):
        for places in _places(journal / home.path, first, last):
            began = time.monotonic()
            with Transaction(connection):
                moved += connection.executemany(
                    "UPDATE requests SET segment = ?, seq = ? WHERE id = ? AND segment = ?",
                    [(home.id, seq, id, segment.id) for seq, id in places],
                ).rowcount
                connection.executemany(  # a replay may have decoded them
                    "UPDATE events SET segment = ? WHERE request = ? AND segment = ?",
                    [(home.id, id, segment.id) for _, id in places],
                )
                connection.execute(_TAKE_TYPES_OF, (segment.id, home.id))
            rest(time.monotonic() - began)
    return moved


def _homes(connection: sqlite3.Connection, segment: IndexedSegment, first: bytes, last: bytes) -> list[IndexedSegment]:
    """The segments of failed requests that may hold some of a segment's, the newest first. One of them has its own
    rows in newer ones only."""
    rows = connection.execute(
        "SELECT id, tenant, source, name, taken, finished, newest, deduplicator FROM segments"
        " WHERE tenant = ? AND source = ? AND id <> ? AND first <= ? AND last >= ? ORDER BY name DESC",
        (segment.tenant, segment.source, segment.id, last, first),
    )
    found = [each for each in (IndexedSegment(*row) for row in rows) if each.holds_failed]
    return [each for each in found if not segment.holds_failed or each.name > segment.name]


def _places(file: Path, first: bytes, last: bytes) -> Iterator[list[tuple[int, bytes]]]:
    if not file.exists():
        return
    places = places_in(file, first, last)
    while True:
        try:
            some = next(places, None)
        except sqlite3.Error as error:
            LOG.error("cannot read segment %s: %s", file, error)
            return
        if some is None:
            return
        yield some


def _forget_requests(connection: sqlite3.Connection, segment: int, first: bytes, last: bytes) -> list[bytes]:
    find = "SELECT id, failure FROM requests WHERE segment = ? AND id BETWEEN ? AND ? ORDER BY id LIMIT ?"
    found = connection.execute(find, (segment, first, last, FORGET_AT_ONCE)).fetchall()
    ids: list[tuple[bytes]] = [(id,) for id, _ in found]
    left = Counter(failure for _, failure in found if failure is not None)
    change_counts(connection, {failure: -count for failure, count in left.items()})
    connection.executemany("DELETE FROM events WHERE request = ?", ids)
    connection.executemany("DELETE FROM requests WHERE id = ?", ids)
    return [id for (id,) in ids]


def _forget_decodes(connection: sqlite3.Connection, segment: int, first: bytes, last: bytes) -> list[bytes]:
    find = (
        "SELECT request, number FROM decodes WHERE request BETWEEN ? AND ? AND (segment = ? OR undone_in = ?)"
        " ORDER BY request LIMIT ?"
    )
    found: list[tuple[bytes, int]] = connection.execute(
        find, (first, last, segment, segment, FORGET_AT_ONCE)
    ).fetchall()
    for request, number in found:
        place = (segment, request, number)
        connection.execute(
            "UPDATE decodes SET segment = NULL, seq = NULL WHERE segment = ? AND request = ? AND number = ?", place
        )
        connection.execute(
            "UPDATE decodes SET undone = 0, undone_in = NULL WHERE undone_in = ? AND request = ? AND number = ?", place
        )
    connection.executemany(
        "DELETE FROM decodes WHERE request = ? AND number = ? AND segment IS NULL AND undone_in IS NULL", found
    )
    return [request for request, _ in found]
