"""Puts rows that were read from a segment into the index's tables, whoever builds it."""

import sqlite3
from collections.abc import Sequence

import msgspec

from core.journal.decodes import DecodeRow
from core.journal.event_rows import TAKE_EVENT, event_rows, type_bits
from core.journal.failures import take_failed
from core.journal.index_schema import TAKE_REQUEST
from core.journal.request_id import id_milliseconds
from core.journal.request_rows import request_row
from core.journal.rows import FAILED
from core.journal.taken import TakenRow

Bounds = tuple[bytes, bytes, int, int, int, int]
"""The least and the greatest id of rows, of their received dates, and of what ids are ahead of these."""


class Added(msgspec.Struct):
    """What rows of a segment bring with them: how many events, and of which types (`event_rows.type_bits`)."""

    events: int
    types: int


def add_rows(index: sqlite3.Connection, segment: int, rows: Sequence[TakenRow]) -> Added:
    """Adds requests of a segment with their events, in the caller's transaction."""
    events = event_rows(rows, segment)
    index.executemany(TAKE_REQUEST, [request_row(row, segment) for row in rows if row.outcome_code != FAILED])
    take_failed(index, TAKE_REQUEST, [row for row in rows if row.outcome_code == FAILED], segment)
    index.executemany(TAKE_EVENT, events)
    return Added(len(events), type_bits(events))


def bounds_of(rows: Sequence[TakenRow] | Sequence[DecodeRow]) -> Bounds:
    """The bounds of rows; there is one at the least."""
    ids = [row.request for row in rows]
    received = [row.received for row in rows]
    ahead = [id_milliseconds(row.request) - row.received for row in rows]
    return min(ids), max(ids), min(received), max(received), min(ahead), max(ahead)


def joined(some: Sequence[Bounds]) -> Bounds:
    """The bounds of all rows of which these are some's each."""
    firsts, lasts, oldest, newest, least, most = zip(*some, strict=True)
    return min(firsts), max(lasts), min(oldest), max(newest), min(least), max(most)
