"""index.db: which request is in which segment, and which events it holds.

It can be rebuilt from the segments at any time, so it is synced lazily, and one that is damaged is set aside. The last
row taken of each segment is kept in the same transaction as the rows; ids are unique; so a row that is taken twice
changes nothing. Few indexes: each costs a write for every event of a firehose.
"""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.errors import TidegateError
from core.journal.decodes import DecodeRow
from core.journal.duplicates import mark_duplicates
from core.journal.event_rows import TAKE_EVENT, event_rows
from core.journal.failures import SCHEMA as FAILURES
from core.journal.failures import take_failed
from core.journal.forgetting import forget
from core.journal.indexed import IndexedSegment, Transaction, connect, indexed_segments, is_damage
from core.journal.request_id import id_milliseconds
from core.journal.rows import BY_ALTERNATE_ID, FAILED
from core.journal.settling import Redecoded, settle, with_decodes
from core.journal.taken import TakenRow

FORMAT: Final = 4
"""Kept in SQLite's user_version; an index of another format is rebuilt."""

_SCHEMA: Final = f"""
CREATE TABLE segments(
  id INTEGER PRIMARY KEY, tenant TEXT, source TEXT, name TEXT,
  taken INTEGER NOT NULL DEFAULT 0,
  finished INTEGER NOT NULL DEFAULT 0,
  first BLOB, last BLOB,
  oldest INTEGER, newest INTEGER,
  ahead_least INTEGER, ahead_most INTEGER,
  deduplicator TEXT,
  UNIQUE(tenant, source, name)
);
CREATE TABLE requests(
  id BLOB PRIMARY KEY, segment INTEGER, seq INTEGER, received INTEGER,
  outcome INTEGER, status INTEGER, micros INTEGER, size INTEGER, events INTEGER,
  failure INTEGER,
  number INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX requests_not_decoded ON requests(outcome) WHERE outcome > 0;
CREATE TABLE events(
  request BLOB, n INTEGER, device TEXT, type INTEGER, level TEXT, alternate BLOB, specification TEXT,
  PRIMARY KEY(request, n)
) WITHOUT ROWID;
CREATE INDEX events_by_device ON events(device);
CREATE INDEX events_by_type ON events(type) WHERE type > 0;
CREATE INDEX events_by_alternate ON events(alternate) WHERE alternate IS NOT NULL;
CREATE INDEX events_by_specification ON events(device) WHERE specification IS NOT NULL;
{FAILURES}
CREATE TABLE decodes(
  request BLOB, number INTEGER, segment INTEGER, seq INTEGER, undone INTEGER NOT NULL DEFAULT 0,
  undone_in INTEGER,
  PRIMARY KEY(request, number)
) WITHOUT ROWID;
PRAGMA user_version = {FORMAT};
"""
# An index of a WITHOUT ROWID table ends with its primary key: each of these is in order of time. Measurements (type 0)
# are most of all events, so that an index of them would cost much and find little.
# `deduplicator`: what the segment's own meta says. `alternate`: core.journal.duplicates.alternate_key. `specification`:
# the token with which a Registration says what the device is (core.journal.registrations).
# `ahead_*`: by how many milliseconds ids are ahead of the received dates, which a clock set back makes large. With it
# bounds on the received date become exact bounds on ids.
# `requests.number`: the current decode (core.journal.decodes); `outcome`, `events` and the rows of `events` are that
# one's. `decodes`: all but number 0, where `segment` is null while only its undoing was taken.

_TAKE_REQUEST = "INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
_TAKE_DECODE = """
INSERT INTO decodes(request, number, segment, seq) VALUES (?, ?, ?, ?)
ON CONFLICT(request, number) DO UPDATE SET segment = excluded.segment, seq = excluded.seq WHERE segment IS NULL
"""
_TAKE_UNDONE = """
INSERT INTO decodes(request, number, undone, undone_in) VALUES (?1, ?2, 1, ?3)
ON CONFLICT(request, number) DO UPDATE SET undone = 1, undone_in = ?3 WHERE undone_in IS NULL
"""
_TAKE_SEGMENT = """
UPDATE segments SET taken = max(taken, ?2), first = min(coalesce(first, ?3), ?3), last = max(coalesce(last, ?4), ?4),
  oldest = min(coalesce(oldest, ?5), ?5), newest = max(coalesce(newest, ?6), ?6),
  ahead_least = min(coalesce(ahead_least, ?7), ?7), ahead_most = max(coalesce(ahead_most, ?8), ?8),
  deduplicator = ?9
WHERE id = ?1
"""


class Index:
    """The writing side of index.db: the follower's."""

    def __init__(self, file: Path, journal: Path) -> None:
        self.file = file
        self._journal = journal
        self._connection = _opened(file)

    def segments(self) -> list[IndexedSegment]:
        return indexed_segments(self._connection)

    def add(self, tenant: str, source: str, name: str) -> IndexedSegment:
        added = self._connection.execute(
            "INSERT INTO segments(tenant, source, name) VALUES (?, ?, ?)", (tenant, source, name)
        )
        return IndexedSegment(added.lastrowid or 0, tenant, source, name, 0, 0, None)

    def take(self, segment: IndexedSegment, rows: Sequence[TakenRow]) -> None:
        """Keeps `rows` of `segment`, in order of their seq, and that they were taken; notes in them the duplicates."""
        number = segment.id
        requests = [
            (r.request, number, r.seq, r.received, r.outcome_code, r.status, r.micros, r.size, r.event_count, None)
            for r in rows
            if r.outcome_code != FAILED
        ]
        failed = [row for row in rows if row.outcome_code == FAILED]
        ids = [row.request for row in rows]
        received = [row.received for row in rows]
        ahead = [id_milliseconds(row.request) - row.received for row in rows]
        last = rows[-1].seq
        bounds = (min(ids), max(ids), min(received), max(received), min(ahead), max(ahead))
        with Transaction(self._connection) as connection:
            connection.executemany(_TAKE_REQUEST, requests)
            take_failed(connection, _TAKE_REQUEST, failed, number)
            connection.executemany(TAKE_EVENT, event_rows(rows))
            connection.execute(_TAKE_SEGMENT, (number, last, *bounds, segment.deduplicator))
            if decoded_again := with_decodes(connection, bounds[0], bounds[1]):
                settle(connection, self._journal, decoded_again)
            if segment.deduplicator == BY_ALTERNATE_ID:
                mark_duplicates(connection, rows)
        segment.taken = last
        segment.newest = max(segment.newest or 0, bounds[3])

    def take_decodes(self, segment: IndexedSegment, rows: Sequence[DecodeRow]) -> list[Redecoded]:
        """Keeps decodes of a decode segment, in order of their seq, and that they were taken. Returns the requests
        whose current decode is another now."""
        ids = [row.request for row in rows]
        received = [row.received for row in rows]
        ahead = [id_milliseconds(row.request) - row.received for row in rows]
        bounds = (min(ids), max(ids), min(received), max(received), min(ahead), max(ahead))
        last = rows[-1].seq
        with Transaction(self._connection) as connection:
            connection.executemany(
                _TAKE_DECODE, [(row.request, row.number, segment.id, row.seq) for row in rows if not row.undone]
            )
            connection.executemany(_TAKE_UNDONE, [(row.request, row.number, segment.id) for row in rows if row.undone])
            connection.execute(_TAKE_SEGMENT, (segment.id, last, *bounds, segment.deduplicator))
            redecoded = settle(connection, self._journal, dict.fromkeys(ids))
        segment.taken = last
        segment.newest = max(segment.newest or 0, bounds[3])
        return redecoded

    def finish(self, segment: IndexedSegment) -> None:
        self._connection.execute("UPDATE segments SET finished = 1 WHERE id = ?", (segment.id,))
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
        connection.executescript("BEGIN;" + _SCHEMA + "COMMIT;")
        return True
    return version == FORMAT


def set_aside(file: Path) -> Path:
    """Moves an index that can't be used to a name that says when; of such files the latest is kept."""
    for older in file.parent.glob(f"{file.name}.aside-*"):
        older.unlink(missing_ok=True)
    aside = file.with_name(f"{file.name}.aside-{int(time.time())}")
    for ending in ("-wal", "-shm"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    file.replace(aside)
    return aside
