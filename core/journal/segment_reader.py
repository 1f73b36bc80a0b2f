"""Reads rows out of segments that others write: connections of its own, read-only, for as long as one answer takes."""

import logging
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec

from core.journal.duplicates import mark_duplicates
from core.journal.index import IndexedSegment, connect
from core.journal.rows import BY_ALTERNATE_ID
from core.journal.taken import TAKE, TAKE_WITHOUT_PAYLOAD, Columns, TakenRow, taken_row
from core.model.dates import date_text

LOG = logging.getLogger("tidegate.journal")

OPEN_AT_ONCE: Final = 32
"""Segments that one answer holds open; each takes up to three file descriptors."""

Metadata = dict[str, object]
Place = tuple[int, int]
"""A segment's number in the index, and a row's seq in it."""

_WholeColumns = tuple[
    bytes | None, bytes | None, bytes | None, bytes | None, int | None, bytes | None, bytes | None
]  # fmt: skip
_HAS_WIRE: Final = "SELECT 1 FROM pragma_table_info('requests') WHERE name = 'wire'"

_METADATA = msgspec.json.Decoder(Metadata)


class WholeRow(msgspec.Struct):
    """What a row holds beyond a `TakenRow`."""

    payload: bytes
    head: bytes
    state: Metadata
    log: str
    log_cut: int
    wire: bytes | None
    answer: bytes | None


class SegmentReader:
    """Reads by place; what is in a segment that is gone or damaged is left out."""

    def __init__(self, journal_dir: Path, segments: Iterable[IndexedSegment]) -> None:
        self._journal_dir = journal_dir
        self._segments = {segment.id: segment for segment in segments}
        self._connections: dict[int, sqlite3.Connection | None] = {}

    def __enter__(self) -> "SegmentReader":
        return self

    def __exit__(self, *_: object) -> None:
        for number in list(self._connections):
            self._close(number)

    def rows(self, places: Sequence[Place], *, payloads: bool, remote: str | None = None) -> dict[Place, TakenRow]:
        """These rows; with `remote` those from that address alone."""
        found: dict[Place, TakenRow] = {}
        take = TAKE if payloads else TAKE_WITHOUT_PAYLOAD
        for number, some in _by_segment(places).items():
            segment = self._segments.get(number)
            query, values = f"{take} WHERE r.seq IN ({', '.join('?' * len(some))})", list[str | int](some)
            if remote is not None:
                query, values = f"{query} AND r.remote = ?", [*values, remote]
            columns = self._select(number, query, values)
            for row in cast("list[Columns]", columns):
                if segment is not None:
                    found[number, row[0]] = taken_row(segment.tenant, segment.source, row)
        return found

    def metadata(self, places: Sequence[Place], rows: dict[Place, TakenRow]) -> dict[Place, Metadata]:
        """The metadata of each row as its script got it."""
        found: dict[Place, Metadata] = {}
        for number, some in _by_segment(places).items():
            query = (
                "SELECT r.seq, h.metadata, r.metadata FROM requests r LEFT JOIN heads h ON h.id = r.head"
                f" WHERE r.seq IN ({', '.join('?' * len(some))})"
            )
            selected = cast("list[tuple[int, bytes | None, bytes | None]]", self._select(number, query, some))
            for seq, of_head, own in selected:
                if row := rows.get((number, seq)):
                    found[number, seq] = _metadata(row, of_head, own)
        return found

    def mark_duplicates(self, index: sqlite3.Connection, rows: Mapping[Place, TakenRow]) -> None:
        """Notes in these rows which of their events are duplicates."""
        places = [place for place in rows if self._segments[place[0]].deduplicator == BY_ALTERNATE_ID]
        mark_duplicates(index, [rows[place] for place in places])

    def whole(self, place: Place) -> WholeRow | None:
        framed = "r.wire, r.answer" if self._select(place[0], _HAS_WIRE, ()) else "NULL, NULL"
        query = (
            f"SELECT r.payload, h.head, r.state, r.log, r.log_cut, {framed}"
            " FROM requests r LEFT JOIN heads h ON h.id = r.head WHERE r.seq = ?"
        )
        selected = cast("list[_WholeColumns]", self._select(place[0], query, [place[1]]))
        for payload, head, state, log, cut, wire, answer in selected:
            text = (log or b"").decode("utf-8", "replace")
            return WholeRow(payload or b"", head or b"", _json(state), text, cut or 0, wire, answer)
        return None

    def _select(self, number: int, query: str, values: Sequence[str | int]) -> list[tuple[object, ...]]:
        try:
            connection = self._connection(number)
            return connection.execute(query, values).fetchall() if connection else []
        except sqlite3.Error as error:
            LOG.error("cannot read segment %s: %s", self._segments[number].path, error)
            return []

    def _connection(self, number: int) -> sqlite3.Connection | None:
        if number not in self._connections:
            if len(self._connections) >= OPEN_AT_ONCE:
                self._close(next(iter(self._connections)))
            segment = self._segments.get(number)
            file = self._journal_dir / segment.path if segment else None
            self._connections[number] = connect(file, read_only=True) if file and file.exists() else None
        return self._connections[number]

    def _close(self, number: int) -> None:
        connection = self._connections.pop(number)
        if connection is not None:
            connection.close()


def _by_segment(places: Iterable[Place]) -> dict[int, list[int]]:
    by_segment: dict[int, list[int]] = {}
    for number, seq in places:
        by_segment.setdefault(number, []).append(seq)
    return by_segment


def _metadata(row: TakenRow, of_head: bytes | None, own: bytes | None) -> Metadata:
    host, _, port = row.remote.rpartition(":")
    return {
        **_json(of_head),
        "source": row.event_source,
        "remote.host": host.strip("[]"),
        "remote.port": int(port) if port.isdecimal() else None,
        "received": date_text(row.received),
        **_json(own),
    }


def _json(encoded: bytes | None) -> Metadata:
    try:
        return _METADATA.decode(encoded) if encoded else {}
    except msgspec.MsgspecError:
        return {}
