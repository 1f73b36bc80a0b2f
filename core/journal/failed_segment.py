"""Segments of failed requests: what outlives its own segment where failed requests are kept longer than others.

Such a segment stands beside the others and is read as they are: every row has its id, its bytes and all else as it was
received. It is written whole under another name, synced and renamed, so it is there whole or not at all. Its name is a
UUIDv8 (RFC 9562, 5.8): a UUIDv7 but for the digit of the version. `of` in its meta table lists the segments that its
rows come from. While one of those is there too, a request stands in both; the index holds each id once.
"""

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec
from uuid_utils import uuid7

from core.config.files import sync_file
from core.journal.indexed import FAILED_VERSION, VERSION_AT, connect
from core.journal.rows import COLUMNS, FORMAT, INSERT, INSERT_HEAD, INSERT_META, SCHEMA
from core.journal.segment import sync_folders

PART: Final = ".part"
"""The end of the name of one that is being written; after a crash nobody needs it."""

_AT_ONCE: Final = 500
_BY_ID: Final = "CREATE INDEX requests_by_id ON requests(id)"
_LATER: Final = ("wire", "answer", "around")
"""Columns that segments of earlier formats do not have."""
_COLUMNS: Final = COLUMNS[2 : -len(_LATER)]
"""Those of every format."""
_HEAD_AT: Final = 4

Head = tuple[object, ...]


class Part(msgspec.Struct):
    """What a segment gives: all its rows, or those of these seqs."""

    file: Path
    seqs: Sequence[int] | None = None


def write_failed(
    folder: Path,
    tenant: str,
    source: str,
    parts: Sequence[Part],
    *,
    deduplicator: str | None = None,
    rest: Callable[[float], None] = lambda seconds: None,
) -> list[int]:
    """Writes a segment of failed requests, durably, and says how many it holds of each part; none is written where that
    is nothing. A row that cannot be read is left out. `rest` is called between steps. OSError or sqlite3.Error: there
    is none."""
    name = new_name()
    part = folder / f"{name}.db{PART}"
    about = {"format": str(FORMAT), "tenant": tenant, "source": source, "pid": "0"}
    about["of"] = msgspec.json.encode([each.file.stem for each in parts]).decode()
    if deduplicator is not None:
        about["deduplicator"] = deduplicator
    try:
        with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as connection:
            connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;" + SCHEMA)
            connection.executemany(INSERT_META, about.items())
            connection.execute("COMMIT")
            heads: dict[Head, int] = {}
            counts = [_copy(connection, part, heads, rest) for part in parts]
            connection.execute(_BY_ID)
        if any(counts):
            sync_file(part)
            part.rename(folder / f"{name}.db")
            sync_folders(folder)
        return counts
    finally:
        part.unlink(missing_ok=True)


def new_name() -> str:
    """A name, without `.db`, that sorts by time as those of other segments do."""
    plain = str(uuid7())
    return plain[:VERSION_AT] + FAILED_VERSION + plain[VERSION_AT + 1 :]


def _copy(into: sqlite3.Connection, part: Part, heads: dict[Head, int], rest: Callable[[float], None]) -> int:
    count = 0
    with contextlib.closing(connect(part.file, read_only=True)) as source:
        seqs = _all_seqs(source) if part.seqs is None else part.seqs
        for start in range(0, len(seqs), _AT_ONCE):
            into.execute("BEGIN")
            for row, head in _rows(source, seqs[start : start + _AT_ONCE]):
                count += 1
                place = _place_of(into, heads, head)
                into.execute(INSERT, (None, *row[1:_HEAD_AT], place, *row[_HEAD_AT + 1 :]))
            into.execute("COMMIT")
            rest(0.0)
    return count


def _place_of(into: sqlite3.Connection, heads: dict[Head, int], head: Head | None) -> int | None:
    """Where a head stands in the new segment: each is there once."""
    if head is None:
        return None
    if head not in heads:
        heads[head] = len(heads) + 1
        into.execute(INSERT_HEAD, (heads[head], *head))
    return heads[head]


def _all_seqs(source: sqlite3.Connection) -> list[int]:
    return [seq for (seq,) in source.execute("SELECT seq FROM requests ORDER BY seq")]


def _rows(source: sqlite3.Connection, seqs: Sequence[int]) -> Iterator[tuple[Head, Head | None]]:
    """Rows with their heads: the columns of INSERT, and those of a head without its number."""
    present = {name for (name,) in source.execute("SELECT name FROM pragma_table_info('requests')")}
    columns = ["r.seq", "r.id", *(f"r.{name}" for name in _COLUMNS)]
    columns += [f"r.{name}" if name in present else "NULL" for name in _LATER]
    query = (
        f"SELECT {', '.join(columns)}, h.id, h.method, h.target, h.head, h.metadata"
        " FROM requests r LEFT JOIN heads h ON h.id = r.head WHERE r.seq IN ({})"
    )
    for values in _readable(source, query, seqs):
        row, (number, *head) = values[: len(columns)], values[len(columns) :]
        yield row, None if number is None else tuple(head)


def _readable(source: sqlite3.Connection, query: str, seqs: Sequence[int]) -> list[Head]:
    """What can be read of these rows."""
    try:
        return source.execute(query.format(", ".join("?" * len(seqs))), seqs).fetchall()
    except sqlite3.DatabaseError:
        if len(seqs) == 1:
            return []
        middle = len(seqs) // 2
        return _readable(source, query, seqs[:middle]) + _readable(source, query, seqs[middle:])


def segments_in(file: Path) -> list[str]:
    """The names of the segments that the rows of a segment of failed requests come from."""
    with contextlib.closing(connect(file, read_only=True)) as connection:
        found = connection.execute("SELECT value FROM meta WHERE key = 'of'").fetchone()
    return msgspec.json.decode(found[0], type=list[str]) if found else []


def places_in(file: Path, first: bytes, last: bytes) -> Iterator[list[tuple[int, bytes]]]:
    """Seq and id of the requests between two ids that a segment of failed requests holds, some at a time."""
    query = "SELECT seq, id FROM requests WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?"
    with contextlib.closing(connect(file, read_only=True)) as connection:
        while found := cast("list[tuple[int, bytes]]", connection.execute(query, (first, last, _AT_ONCE)).fetchall()):
            yield found
            if len(found) < _AT_ONCE:
                return
            first = found[-1][1] + b"\0"  # what sorts next behind it
