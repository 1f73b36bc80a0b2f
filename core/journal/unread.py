"""Takes decoded requests into the index by SQL alone, from file to file: of most rows nothing else is ever wanted.

It says what `core.journal.index.Index.take` says of the same rows, at a third of what that costs.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from core.journal.duplicates import alternate_key
from core.journal.event_rows import TYPE_CODES, type_bit
from core.journal.indexed import IndexedSegment
from core.journal.request_id import id_milliseconds
from core.journal.rows import DECODED, WHOLE
from core.journal.taken import TakenRow
from core.journal.taking import Bounds, add_rows, bounds_of, joined

_FROM: Final = "FROM taken_from.requests r"
_WHERE: Final = f"WHERE r.seq > ?1 AND r.seq <= ?2 AND r.outcome = {DECODED} AND {WHOLE}"
_EVENTS_TEXT: Final = "CAST(r.events AS TEXT)"
_COUNT: Final = f"json_array_length({_EVENTS_TEXT})"

# An id begins with the milliseconds at which it was made: only where that is not the received date is it looked at.
_AHEAD: Final = "hex(substr(r.id, 1, 6)) <> printf('%012X', r.received)"
_NUL: Final = r"CAST('\u0000' AS BLOB)"
"""As JSON has it: SQLite's functions would end a text there."""
_BOUNDS: Final = (
    "SELECT count(*), min(r.id), max(r.id), min(r.received), max(r.received), count(r.events),"
    f" max(instr(r.events, {_NUL})),"
    f" group_concat(CASE WHEN {_AHEAD} THEN hex(r.id) || '/' || r.received END) {_FROM} {_WHERE}"
)
_REQUESTS: Final = f"""
INSERT OR IGNORE INTO requests
SELECT r.id, ?3, r.seq, r.received, r.outcome, r.status, r.micros, r.size, {{events}}, NULL, 0 {_FROM} {_WHERE}
"""
_REQUESTS_OF_ONE: Final = _REQUESTS.format(events="r.events IS NOT NULL")
_REQUESTS_OF_SEVERAL: Final = _REQUESTS.format(events=f"coalesce({_COUNT}, 0)")
"""Each request with the number of its events. To count them costs as much as the rest."""
_TYPE: Final = " ".join(f"WHEN '{name}' THEN {code}" for name, code in TYPE_CODES.items())
_EVENTS: Final = f"""
INSERT OR IGNORE INTO events
SELECT id, place, ?3, event->>'{{at}}hardwareId',
  CASE event->>'{{at}}eventType' {_TYPE} ELSE -1 END,
  CASE event->>'{{at}}eventType' WHEN 'Alert' THEN coalesce(nullif(event->>'{{at}}level', ''), 'Info') END,
  CASE WHEN event->>'{{at}}alternateId' <> '' THEN alternate_key(?4, event->>'{{at}}alternateId') END,
  CASE event->>'{{at}}eventType' WHEN 'Registration' THEN nullif(event->>'{{at}}specificationToken', '') END
FROM (SELECT r.id id, {{event}} {_WHERE} AND r.events IS NOT NULL AND {_COUNT} {{how_many}})
"""
_EVENT_OF_ONE: Final = _EVENTS.format(at="$[0].", event=f"0 place, {_EVENTS_TEXT} event {_FROM}", how_many="= 1")
_EVENTS_OF_SEVERAL: Final = _EVENTS.format(
    at="$.", event=f"e.key place, e.value event {_FROM}, json_each({_EVENTS_TEXT}) e", how_many="<> 1"
)
_TYPES: Final = "SELECT DISTINCT type FROM events WHERE request BETWEEN ? AND ? AND +segment = ?"
"""By the primary key: an index that begins with the segment would bring all that it has."""


class Unread(msgspec.Struct):
    """What was taken: how many requests unread, how many events in all, and what the index keeps of the segment."""

    requests: int
    events: int
    bounds: Bounds
    types: int


class Source:
    """A segment's file beside the index, in one connection, for as long as the block lasts. No transaction may be open
    when it begins or ends."""

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self._file = file

    def __enter__(self) -> None:
        self._connection.execute("ATTACH ? AS taken_from", (f"{self._file.absolute().as_uri()}?mode=ro",))

    def __exit__(self, *_: object) -> None:
        self._connection.execute("DETACH taken_from")


def prepare(connection: sqlite3.Connection) -> None:
    """Has a connection to the index know what these statements call."""
    connection.create_function("alternate_key", 2, alternate_key, deterministic=True)


def take_unread(
    connection: sqlite3.Connection, segment: IndexedSegment, upto: int, others: Sequence[TakenRow]
) -> Unread | None:
    """Takes what is behind the segment's last taken row up to the row `upto`: its decoded requests as they are in the
    file, and the `others`, which are all that were not decoded. None where none was decoded, or some must be read.
    In the caller's transaction and within its `Source`; sqlite3.Error may be a fault of either file."""
    rows = (segment.taken, upto)
    count, first, last, oldest, newest, eventful, nul, ahead = connection.execute(_BOUNDS, rows).fetchone()
    if not count or nul:
        return None
    place = (*rows, segment.id, segment.tenant)
    events = connection.execute(_EVENT_OF_ONE, place).rowcount
    one_each = events == eventful
    if not one_each:
        events += connection.execute(_EVENTS_OF_SEVERAL, place).rowcount
    connection.execute(_REQUESTS_OF_ONE if one_each else _REQUESTS_OF_SEVERAL, place[:3])
    types = sum(type_bit(code) for (code,) in connection.execute(_TYPES, (first, last, segment.id)))
    differences = _differences(ahead)
    if len(differences) < count:
        differences.append(0)
    unread = Unread(count, events, (first, last, oldest, newest, min(differences), max(differences)), types)
    if others:
        added = add_rows(connection, segment.id, others)
        unread.events += added.events
        unread.types |= added.types
        unread.bounds = joined([unread.bounds, bounds_of(others)])
    return unread


def _differences(ahead: str | None) -> list[int]:
    found: list[int] = []
    for each in ahead.split(",") if ahead else ():
        id, _, received = each.partition("/")
        found.append(id_milliseconds(bytes.fromhex(id)) - int(received))
    return found
