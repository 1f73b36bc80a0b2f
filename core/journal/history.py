"""The decodes of one request, the current one and those that it superseded."""

import sqlite3

import msgspec

from core.journal.request_id import event_id
from core.journal.segment_reader import SegmentReader, WholeRow
from core.journal.taken import TakenRow
from core.model.dates import date_text
from core.model.requests import Decode

MOST: int = 100
"""Decodes that are shown of a request; of more the last ones."""


def decodes_of(
    index: sqlite3.Connection, segments: SegmentReader, row: TakenRow, whole: WholeRow, current: int
) -> list[Decode]:
    """All decodes of a request, the first one first; none where there is only that one. `row` and `whole` are as it was
    received, `current` is the number of its current decode."""
    found = index.execute(
        "SELECT segment, seq, undone FROM (SELECT * FROM decodes WHERE request = ? AND segment IS NOT NULL"
        f" ORDER BY number DESC LIMIT {MOST}) ORDER BY number",
        (row.request,),
    ).fetchall()
    if not found:
        return []
    first = _decode(row, None, date_text(row.received), row.milliseconds, undone=False)
    first.log, first.log_cut = whole.log, whole.log_cut
    decodes = [first]
    rows = segments.decodes([(segment, seq) for segment, seq, _ in found])
    for segment, seq, undone in found:
        if (kept := rows.get((segment, seq))) is None:
            continue
        again = msgspec.structs.replace(row)
        again.take_decode(kept, segment)
        spent = (kept.micros or 0) / 1000
        decode = _decode(again, segments.replay_of(segment), date_text(kept.at), spent, undone=bool(undone))
        decode.log, decode.log_cut = segments.decode_log((segment, seq))
        decodes.append(decode)
    for decode in decodes:
        decode.current = decode.number == current
        if not decode.current:
            for event in decode.events:
                event.superseded_by = event_id(row.id, current, 0).rpartition(".")[0]
    return decodes


def _decode(row: TakenRow, replay: str | None, date: str, milliseconds: float, *, undone: bool) -> Decode:
    return Decode(
        number=row.number,
        replay=replay,
        date=date,
        outcome=row.outcome,
        reason=row.reason,
        script=row.script,
        milliseconds=milliseconds,
        current=False,
        undone=undone,
        events=row.events(),
    )
