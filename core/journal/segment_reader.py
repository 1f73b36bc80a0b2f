"""Reads rows out of segments that others write: connections of its own, read-only, for as long as one answer takes."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec

from core.journal.around import wire_of
from core.journal.decodes import DECODE_COLUMNS, DecodeRow, decode_row
from core.journal.duplicates import mark_duplicates
from core.journal.indexed import IndexedSegment, connect, is_busy, is_damage
from core.journal.rows import BY_ALTERNATE_ID
from core.journal.taken import TAKE, TAKE_WITHOUT_PAYLOAD, Columns, TakenRow, taken_row
from core.model.dates import date_text

LOG = logging.getLogger("tidegate.journal")

OPEN_AT_ONCE: Final = 32
"""Segments that one answer holds open; each takes up to three file descriptors."""
BUSY_SECONDS: Final = 1.0
"""How long a segment is tried that somebody else has: its writer ends, or the follower folds its log into it."""
AGAIN_SECONDS: Final = 0.02

Metadata = dict[str, object]
Place = tuple[int, int]
"""A segment's number in the index, and a row's seq in it."""

_WholeColumns = tuple[
    bytes | None, bytes | None, bytes | None, bytes | None, int | None, bytes | None, bytes | None, bytes | None
]  # fmt: skip
Given = tuple[bytes, bytes | None, bytes | None, bytes | None, bytes | None, bytes | None]
"""Payload, head, the head's metadata, the request's own, state, wire."""
_Given = tuple[
    int, bytes | None, bytes | None, bytes | None, bytes | None, bytes | None, bytes | None, bytes | None
]  # fmt: skip
_NAMES: Final = "SELECT name FROM pragma_table_info('requests')"

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
    """Reads by place; what is in a segment that is gone, and what is damaged, is left out. `on_damage` is told the path
    of a segment that was found damaged, and how."""

    def __init__(
        self,
        journal_dir: Path,
        segments: Iterable[IndexedSegment],
        on_damage: Callable[[str, str], None] = lambda path, fault: None,
    ) -> None:
        self._journal_dir = journal_dir
        self._on_damage = on_damage
        self._segments = {segment.id: segment for segment in segments}
        self._connections: dict[int, sqlite3.Connection | None] = {}
        self._told: set[str] = set()
        self._payload_meets: Callable[[bytes], bool] | None = None

    def __enter__(self) -> "SegmentReader":
        return self

    def __exit__(self, *_: object) -> None:
        for number in list(self._connections):
            self._close(number)

    def rows(
        self,
        places: Sequence[Place],
        *,
        payloads: bool,
        remote: str | None = None,
        payload: Callable[[bytes], bool] | None = None,
    ) -> dict[Place, TakenRow]:
        """These rows; with `remote` those from that address alone, with `payload` those whose whole payload meets
        that."""
        found: dict[Place, TakenRow] = {}
        take = TAKE if payloads else TAKE_WITHOUT_PAYLOAD
        self._payload_meets = payload
        for number, some in _by_segment(places).items():
            segment = self._segments.get(number)
            query, more = f"{take} WHERE r.seq IN (%s)", list[str | int]()
            if remote is not None:
                query, more = f"{query} AND r.remote = ?", [remote]
            if payload is not None:
                query = f"{query} AND payload_meets(r.payload)"
            columns = self._select_each(number, query, some, more)
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
                " WHERE r.seq IN (%s)"
            )
            selected = cast("list[tuple[int, bytes | None, bytes | None]]", self._select_each(number, query, some))
            for seq, of_head, own in selected:
                if row := rows.get((number, seq)):
                    found[number, seq] = _metadata(row, of_head, own)
        return found

    def mark_duplicates(self, index: sqlite3.Connection, rows: Mapping[Place, TakenRow]) -> None:
        """Notes in these rows which of their events are duplicates."""
        mark_duplicates(index, self.deduplicated(rows))

    def deduplicated(self, rows: Mapping[Place, TakenRow]) -> list[TakenRow]:
        """Those whose decode was made for a source that has the alternate-id deduplicator."""
        of = {place: row.decoded_in or place[0] for place, row in rows.items()}
        return [rows[place] for place, number in of.items() if self._segments[number].deduplicator == BY_ALTERNATE_ID]

    def make_current(
        self, index: sqlite3.Connection, rows: dict[Place, TakenRow], numbers: Mapping[Place, int]
    ) -> None:
        """Has rows tell of the decode of these numbers; one whose decode cannot be read stays as it was received."""
        wanted: dict[Place, TakenRow] = {}
        for place, number in numbers.items():
            if number and place in rows:
                row = rows[place]
                found = index.execute(
                    "SELECT segment, seq FROM decodes WHERE request = ? AND number = ?", (row.request, number)
                ).fetchone()
                if found is not None and found[0] is not None:
                    wanted[found] = row
        for place, decode in self.decodes(list(wanted)).items():
            wanted[place].take_decode(decode, place[0])

    def decodes(self, places: Sequence[Place]) -> dict[Place, DecodeRow]:
        """These rows of decode segments."""
        found: dict[Place, DecodeRow] = {}
        for number, some in _by_segment(places).items():
            query = f"SELECT {DECODE_COLUMNS} FROM decodes WHERE seq IN (%s)"
            for columns in self._select_each(number, query, some):
                row = decode_row(columns)
                found[number, row.seq] = row
        return found

    def decode_log(self, place: Place) -> tuple[str, int]:
        """What the script printed in the decode at this place of a decode segment, and how many bytes were cut."""
        for log, cut in self._select(place[0], "SELECT log, log_cut FROM decodes WHERE seq = ?", [place[1]]):
            return cast("bytes", log or b"").decode("utf-8", "replace"), cast("int", cut or 0)
        return "", 0

    def replay_of(self, number: int) -> str | None:
        """The id of the replay that wrote a decode segment."""
        found = self._select(number, "SELECT value FROM meta WHERE key = 'replay'", ())
        return str(found[0][0]) if found else None

    def given(self, places: Sequence[Place]) -> dict[Place, Given]:
        """What the decoder of each of these requests was given."""
        found: dict[Place, Given] = {}
        for number, some in _by_segment(places).items():
            framed = self._present(number, "wire", "around")
            query = (
                f"SELECT r.seq, {framed}, r.payload, h.head, h.metadata, r.metadata, r.state"
                " FROM requests r LEFT JOIN heads h ON h.id = r.head WHERE r.seq IN (%s)"
            )
            for seq, wire, around, payload, *rest in cast("list[_Given]", self._select_each(number, query, some)):
                head, known, own, state = rest
                found[number, seq] = (payload or b"", head, known, own, state, _wire(wire, around, payload))
        return found

    def _present(self, number: int, *columns: str) -> str:
        """Columns to select that segments of earlier formats do not have."""
        names = {name for (name,) in self._select(number, _NAMES, ())}
        return ", ".join(f"r.{column}" if column in names else "NULL" for column in columns)

    def whole(self, place: Place) -> WholeRow | None:
        framed = self._present(place[0], "wire", "answer", "around")
        query = (
            f"SELECT r.payload, h.head, r.state, r.log, r.log_cut, {framed}"
            " FROM requests r LEFT JOIN heads h ON h.id = r.head WHERE r.seq = ?"
        )
        selected = cast("list[_WholeColumns]", self._select(place[0], query, [place[1]]))
        for payload, head, state, log, cut, wire, answer, around in selected:
            text, came = (log or b"").decode("utf-8", "replace"), _wire(wire, around, payload)
            return WholeRow(payload or b"", head or b"", _json(state), text, cut or 0, came, answer)
        return None

    def _select_each(
        self, number: int, query: str, seqs: Sequence[int], more: Sequence[str | int] = ()
    ) -> list[tuple[object, ...]]:
        """What a query finds of these rows, which stand for its `%s`. Where one is damaged the others are found."""
        try:
            return self._selected(number, query % ", ".join("?" * len(seqs)), [*seqs, *more])
        except sqlite3.Error as error:
            if not is_damage(error) or len(seqs) == 1:
                self._tell(number, error)
                return []
        half = len(seqs) // 2
        first = self._select_each(number, query, seqs[:half], more)
        return first + self._select_each(number, query, seqs[half:], more)

    def _select(self, number: int, query: str, values: Sequence[str | int]) -> list[tuple[object, ...]]:
        try:
            return self._selected(number, query, values)
        except sqlite3.Error as error:
            self._tell(number, error)
            return []

    def _selected(self, number: int, query: str, values: Sequence[str | int]) -> list[tuple[object, ...]]:
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                connection = self._connection(number)
                return connection.execute(query, values).fetchall() if connection else []
            except sqlite3.Error as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            if number in self._connections:
                self._close(number)
            time.sleep(AGAIN_SECONDS)

    def _tell(self, number: int, error: sqlite3.Error) -> None:
        path = self._segments[number].path
        if path not in self._told:
            self._told.add(path)
            LOG.error("cannot read segment %s: %s", path, error)
        if is_damage(error):
            self._on_damage(path, str(error))

    def _connection(self, number: int) -> sqlite3.Connection | None:
        if number not in self._connections:
            if len(self._connections) >= OPEN_AT_ONCE:
                self._close(next(iter(self._connections)))
            segment = self._segments.get(number)
            file = self._journal_dir / segment.path if segment else None
            connection = connect(file, read_only=True) if file and file.exists() else None
            if connection is not None:
                connection.create_function("payload_meets", 1, self._meets)
            self._connections[number] = connection
        return self._connections[number]

    def _meets(self, payload: bytes | None) -> bool:
        return self._payload_meets is not None and self._payload_meets(payload or b"")

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


def _wire(wire: bytes | None, around: bytes | None, payload: bytes | None) -> bytes | None:
    """The bytes of a frame as they came; None where they are the payload."""
    return wire if around is None else wire_of(around, payload or b"")


def _json(encoded: bytes | None) -> Metadata:
    try:
        return _METADATA.decode(encoded) if encoded else {}
    except msgspec.MsgspecError:
        return {}
