"""Kept requests as a replay takes them: with all that their decoder was given."""

import sqlite3
from collections.abc import Mapping

import msgspec

from core.journal.segment_reader import Place, SegmentReader
from core.journal.taken import TakenRow


class Stored(msgspec.Struct):
    """One request, and what is said of it now."""

    row: TakenRow
    """With its current decode."""
    last: int
    """The number of its last decode, be it undone."""
    payload: bytes
    head: bytes | None
    head_metadata: bytes | None
    """The protocol's metadata as a JSON object, as is `metadata`, what the source adds, and `state`, its
    connection's."""
    metadata: bytes | None
    state: bytes | None
    wire: bytes | None


class StoredPage(msgspec.Struct):
    """Some of what a query finds, oldest first; `next` is where to go on from, if there is more."""

    requests: list[Stored]
    next: str | None


def stored_requests(index: sqlite3.Connection, segments: SegmentReader, rows: Mapping[Place, TakenRow]) -> list[Stored]:
    """These requests, in the order of their ids."""
    given = segments.given(list(rows))
    stored: list[Stored] = []
    for place, row in rows.items():
        if place in given:
            last = index.execute("SELECT max(number) FROM decodes WHERE request = ?", (row.request,)).fetchone()[0]
            stored.append(Stored(row, last or 0, *given[place]))
    return sorted(stored, key=_request)


def _request(stored: Stored) -> bytes:
    return stored.row.request
