"""Takes a segment that is gone out of the index, a few rows at a time."""

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Final

from core.journal.failures import change_counts
from core.journal.indexed import IndexedSegment, Transaction
from core.journal.settling import settle

FORGET_AT_ONCE: Final = 2000
"""Rows that one transaction takes out: the follower waits for no longer than that takes."""


def forget(connection: sqlite3.Connection, journal: Path, segment: IndexedSegment) -> None:
    """Takes a segment's rows out of the index, a few at a time, and then the segment. Requests whose decodes are
    forgotten have their decode before again."""
    bounds = connection.execute("SELECT first, last FROM segments WHERE id = ?", (segment.id,)).fetchone()
    if bounds is None:
        return
    first, last = bounds
    while first is not None:
        with Transaction(connection):
            ids = (_forget_decodes if segment.holds_decodes else _forget_requests)(connection, segment.id, first, last)
            if segment.holds_decodes:
                settle(connection, journal, ids)
        if len(ids) < FORGET_AT_ONCE:
            break
        first = ids[-1]
    connection.execute("DELETE FROM segments WHERE id = ?", (segment.id,))


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
