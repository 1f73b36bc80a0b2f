"""index.db: which request is in which segment, and which events it holds.

It can be rebuilt from the segments at any time, so it is synced lazily, and one that is damaged is set aside. The last
row taken of each segment is kept in the same transaction as the rows; ids are unique; so a row that is taken twice
changes nothing.
"""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from core.errors import TidegateError
from core.journal.decodes import DecodeRow
from core.journal.duplicates import mark_duplicates
from core.journal.forgetting import forget
from core.journal.index_schema import (
    ADD_SEGMENT,
    FINISH_SEGMENT,
    FORMAT,
    INDEXES,
    TABLES,
    TAKE_DECODE,
    TAKE_SEGMENT,
    TAKE_UNDONE,
)
from core.journal.indexed import IndexedSegment, Transaction, connect, indexed_segments, is_damage
from core.journal.rows import BY_ALTERNATE_ID
from core.journal.settling import Redecoded, settle, with_decodes
from core.journal.sqlite_files import OF_SEGMENT, remove
from core.journal.taken import TakenRow
from core.journal.taking import Bounds, add_rows, bounds_of
from core.journal.unread import Source, Unread, prepare, take_unread


class Index:
    """The writing side of index.db: the follower's."""

    def __init__(self, file: Path, journal: Path) -> None:
        self.file = file
        self._journal = journal
        self._connection = _opened(file)
        prepare(self._connection)

    def segments(self) -> list[IndexedSegment]:
        return indexed_segments(self._connection)

    def add(self, tenant: str, source: str, name: str) -> IndexedSegment:
        added = self._connection.execute(ADD_SEGMENT, (tenant, source, name))
        return IndexedSegment(added.lastrowid or 0, tenant, source, name, 0, 0, None)

    def take(self, segment: IndexedSegment, rows: Sequence[TakenRow]) -> None:
        """Keeps `rows` of `segment`, in order of their seq, and that they were taken; notes in them the duplicates."""
        with Transaction(self._connection) as connection:
            added = add_rows(connection, segment.id, rows)
            self._took(segment, rows[-1].seq, bounds_of(rows), added.types)
            if segment.deduplicator == BY_ALTERNATE_ID:
                mark_duplicates(connection, rows)
        segment.taken = rows[-1].seq

    def take_unread(self, segment: IndexedSegment, file: Path, upto: int, others: Sequence[TakenRow]) -> Unread | None:
        """Keeps what is behind the segment's last taken row up to the row `upto` (see `core.journal.unread`)."""
        with Source(self._connection, file), Transaction(self._connection) as connection:
            unread = take_unread(connection, segment, upto, others)
            if unread is None:
                return None
            self._took(segment, upto, unread.bounds, unread.types)
        segment.taken = upto
        return unread

    def _took(self, segment: IndexedSegment, last: int, bounds: Bounds, types: int) -> None:
        connection = self._connection
        connection.execute(TAKE_SEGMENT, (segment.id, last, *bounds, segment.deduplicator, types))
        if decoded_again := with_decodes(connection, bounds[0], bounds[1]):
            settle(connection, self._journal, decoded_again)
        segment.newest = max(segment.newest or 0, bounds[3])

    def take_decodes(self, segment: IndexedSegment, rows: Sequence[DecodeRow]) -> list[Redecoded]:
        """Keeps decodes of a decode segment, in order of their seq, and that they were taken. Returns the requests
        whose current decode is another now."""
        ids = [row.request for row in rows]
        last, bounds = rows[-1].seq, bounds_of(rows)
        with Transaction(self._connection) as connection:
            connection.executemany(
                TAKE_DECODE, [(row.request, row.number, segment.id, row.seq) for row in rows if not row.undone]
            )
            connection.executemany(TAKE_UNDONE, [(row.request, row.number, segment.id) for row in rows if row.undone])
            connection.execute(TAKE_SEGMENT, (segment.id, last, *bounds, segment.deduplicator, 0))
            redecoded = settle(connection, self._journal, dict.fromkeys(ids))
        segment.taken = last
        segment.newest = max(segment.newest or 0, bounds[3])
        return redecoded

    def finish(self, segment: IndexedSegment) -> None:
        self._connection.execute(FINISH_SEGMENT, (segment.id,))
        segment.finished = 1

    def forget(self, segment: IndexedSegment) -> None:
        forget(self._connection, self._journal, segment)

    def close(self) -> None:
        self._connection.close()


def _opened(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = _usable(file)
    if connection is None:
        set_aside(file)
        connection = _usable(file)
    if connection is None:
        raise TidegateError(f"{file} cannot be made: see whether something else writes it")
    return connection


def _usable(file: Path) -> sqlite3.Connection | None:
    """A connection to the index; None where what is there is damaged or of another format."""
    file.touch(exist_ok=True)
    connection = connect(file)
    try:
        if _prepared(connection):
            return connection
    except sqlite3.Error as error:
        if not is_damage(error):
            connection.close()
            raise
    connection.close()
    return None


def _prepared(connection: sqlite3.Connection) -> bool:
    """Makes the tables in a new file; False where the file is of another format."""
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=4000;"
    )
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version == 0 and tables == 0:
        connection.executescript(f"BEGIN; {TABLES} {'; '.join(INDEXES)}; COMMIT;")
        return True
    return version == FORMAT


def set_aside(file: Path) -> Path:
    """Moves an index that can't be used to a name that says when; of such files the latest is kept."""
    for older in file.parent.glob(f"{file.name}.aside-*"):
        older.unlink(missing_ok=True)
    aside = file.with_name(f"{file.name}.aside-{int(time.time())}")
    remove(file, (ending for ending in OF_SEGMENT if ending))
    file.replace(aside)
    return aside
