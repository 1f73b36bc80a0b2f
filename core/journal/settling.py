"""Which decode of a request is the current one, in the index.

Decodes and the requests that they are of stand in different segments and are taken in any order: whenever either is
taken or forgotten, the request is settled anew, so that an index that is built again says the same.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.journal.duplicates import mark_duplicates
from core.journal.event_rows import TAKE_EVENT, event_rows, type_bits
from core.journal.failures import regroup
from core.journal.indexed import indexed_segments
from core.journal.segment_reader import Place, SegmentReader
from core.journal.taken import TakenRow

AT_ONCE: Final = 500

_WANTED: Final = """
SELECT r.segment, r.seq, r.number, r.outcome,
  coalesce((SELECT max(d.number) FROM decodes d WHERE d.request = r.id AND d.undone = 0 AND d.segment IS NOT NULL), 0)
FROM requests r WHERE r.id = ?
"""
_TAKE_TYPES: Final = "UPDATE segments SET types = types | ?1 WHERE id = ?2 AND types & ?1 <> ?1"


class Redecoded(msgspec.Struct):
    """A request whose current decode is another than before."""

    row: TakenRow
    before: int
    """The number of the outcome that it had (core.journal.rows)."""


def with_decodes(index: sqlite3.Connection, first: bytes, last: bytes) -> list[bytes]:
    """The requests between two ids that have decodes beside their worker's."""
    found = index.execute("SELECT DISTINCT request FROM decodes WHERE request BETWEEN ? AND ?", (first, last))
    return [request for (request,) in found]


def current_numbers(index: sqlite3.Connection, first: bytes, last: bytes) -> dict[bytes, int]:
    """The number of the current decode of each request between two ids that has another than its worker's."""
    return dict(
        index.execute(
            "SELECT request, max(number) FROM decodes"
            " WHERE request BETWEEN ? AND ? AND undone = 0 AND segment IS NOT NULL GROUP BY request",
            (first, last),
        )
    )


def settle(index: sqlite3.Connection, journal: Path, requests: Iterable[bytes]) -> list[Redecoded]:
    """Makes the index say of these requests what their current decode says; the transaction is the caller's. Returns
    those whose current decode is another now. What cannot be read stays as it is."""
    asked = list(requests)
    with SegmentReader(journal, indexed_segments(index)) as segments:
        return [
            redecoded
            for start in range(0, len(asked), AT_ONCE)
            for redecoded in _settle(index, segments, asked[start : start + AT_ONCE])
        ]


def _settle(index: sqlite3.Connection, segments: SegmentReader, requests: Sequence[bytes]) -> list[Redecoded]:
    before: dict[Place, tuple[int, int]] = {}
    wanted: dict[Place, int] = {}
    for request in requests:
        found = index.execute(_WANTED, (request,)).fetchone()
        if found is not None:
            segment, seq, number, outcome, current = found
            before[segment, seq], wanted[segment, seq] = (number, outcome), current
    rows = segments.rows(list(wanted), payloads=True)
    segments.make_current(index, rows, wanted)
    changed: list[Redecoded] = []
    for place, row in rows.items():
        if row.number != wanted[place]:
            continue
        number, outcome = before[place]
        index.execute("DELETE FROM events WHERE request = ?", (row.request,))
        events = event_rows([row], place[0])
        index.executemany(TAKE_EVENT, events)
        index.execute(_TAKE_TYPES, (type_bits(events), place[0]))
        index.execute(
            "UPDATE requests SET outcome = ?, events = ?, number = ? WHERE id = ?",
            (row.outcome_code, row.event_count, row.number, row.request),
        )
        if number != row.number:
            regroup(index, row)
            changed.append(Redecoded(row, outcome))
    current_rows = {place: row for place, row in rows.items() if row.number != before[place][0]}
    mark_duplicates(index, segments.deduplicated(current_rows))
    return changed
