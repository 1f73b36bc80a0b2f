"""One segment while the follower reads it: where it ends, its next rows, its write-ahead log, its end."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final, cast

from core.errors import TidegateError
from core.journal.indexed import IndexedSegment, connect, is_busy
from core.journal.rows import DECODED, READABLE, WHOLE
from core.journal.sqlite_files import log_of
from core.journal.taken import TAKE, TAKE_WITHOUT_PAYLOAD, Columns, TakenRow, taken_row

BATCH_ROWS: Final = 2000
BATCH_BYTES: Final = 8 << 20
"""Of payloads and events: what bounds a batch where its rows are large."""

PATIENCE_SECONDS: Final = 0.1
"""How long one segment may hold up the others because somebody else has it."""

_READ_AT_ONCE: Final = 50

_PATIENCE: Final = f"PRAGMA busy_timeout = {int(PATIENCE_SECONDS * 1000)}"
CHECKPOINT_ROWS: Final = 512
CHECKPOINT_BYTES: Final = 4 << 20
CHECKPOINT_SECONDS: Final = 1.0
"""A checkpoint syncs the disk that commits sync too, so there is at most one a second."""

SETTLED_NS: Final = 100_000_000
"""File times advance in steps of a few milliseconds: a file that was written this long ago and keeps its time was not
written since."""

IDLE_SECONDS: Final = 60.0
"""How long a segment is quiet before it is tried whether anybody still writes it, whatever its process id says."""


class NotReady(TidegateError):
    """The writer has not made the segment's tables yet."""


class RowsGone(TidegateError):
    """The segment lacks rows that the index has taken from it."""


class FollowedSegment:
    """A segment that is read. Only the follower's thread may call it."""

    rows_in: ClassVar[str] = "requests"
    """The table that it is followed for."""
    tables: ClassVar[frozenset[str]] = frozenset({"meta", "heads", "requests"})
    formats: ClassVar[tuple[str, ...]] = READABLE

    def __init__(self, file: Path, indexed: IndexedSegment) -> None:
        self.file = file
        self.indexed = indexed
        self.end = indexed.taken
        """The last row that was there when it was looked for."""
        self.rest_until = 0.0
        """Not looked at before this (monotonic seconds), because of a fault or because it is not ready."""
        self.failures = 0
        self.busy_since: float | None = None
        """Since when (monotonic seconds) others have had it whenever it was looked at."""
        self.pid = 0
        self._wal = log_of(file)
        self._settled: tuple[int, int] | None = None
        self._rows_unchecked = 0
        self._wal_checked = 0
        self._checkpoint_at = 0.0
        self._finish_at = 0.0
        self._connection: sqlite3.Connection | None = None

    @property
    def behind(self) -> int:
        return max(0, self.end - self.indexed.taken)

    def look(self, *, thoroughly: bool) -> None:
        """Notes the segment's end. Unless `thoroughly`, a file that keeps its time is taken to keep its end."""
        stamp = self._stamp()
        if self._connection is not None and not thoroughly and stamp == self._settled:
            return
        connection = self.opened()
        (last,) = connection.execute(f"SELECT max(seq) FROM {self.rows_in}").fetchone()
        self.end = last or 0
        old = stamp is not None and time.time_ns() - stamp[0] > SETTLED_NS
        self._settled = stamp if old else None

    def batch(self, *, payloads: bool = True) -> list[TakenRow]:
        """The next rows up to the noted end: at most BATCH_ROWS, and about BATCH_BYTES."""
        take = TAKE if payloads else TAKE_WITHOUT_PAYLOAD
        rows = self._rows(f"{take} WHERE r.seq > ? AND r.seq <= ?", (self.indexed.taken, self.end))
        self.note_read(len(rows))
        return rows

    def glance(self, most: int, end: int, *, payloads: bool = True) -> tuple[list[TakenRow], int]:
        """Of the next rows up to `end` those that were not decoded, and the newest `most` of the others; and the number
        of the last row that was looked at."""
        upto = min(end, self.indexed.taken + BATCH_ROWS)
        take = TAKE if payloads else TAKE_WITHOUT_PAYLOAD
        query = f"{take} WHERE r.seq > ? AND r.seq <= ? AND (r.outcome <> {DECODED} OR r.seq > ?)"
        rows = self._rows(query, (self.indexed.taken, upto, upto - most))
        return rows, upto if _weight(rows) < BATCH_BYTES else rows[-1].seq

    def decoded_since(self, after: int, since: int) -> int:
        """How many decoded requests behind the row `after`, of those that are taken, were received from then on."""
        query = f"SELECT count(*) FROM requests WHERE seq > ? AND seq <= ? AND outcome = {DECODED} AND received >= ?"
        return self.opened().execute(query, (after, self.indexed.taken, since)).fetchone()[0]

    def _rows(self, query: str, parameters: tuple[int, ...]) -> list[TakenRow]:
        cursor = self.opened().execute(f"{query} AND {WHOLE} ORDER BY r.seq LIMIT {BATCH_ROWS}", parameters)
        tenant, source = self.indexed.tenant, self.indexed.source
        rows: list[TakenRow] = []
        weight = 0
        while weight < BATCH_BYTES and (some := cast("list[Columns]", cursor.fetchmany(_READ_AT_ONCE))):
            read = [taken_row(tenant, source, columns) for columns in some]
            weight += _weight(read)
            rows += read
        cursor.close()
        return rows

    def note_read(self, rows: int) -> None:
        """Counts rows of a batch that was read; none means that there are no more up to the noted end."""
        self._rows_unchecked += rows
        if not rows:
            self.end = self.indexed.taken

    def checkpoint(self, now: float) -> None:
        """Moves what was committed from the write-ahead log into the file, when there is enough of it. It never makes
        the writer wait."""
        if now < self._checkpoint_at or self._connection is None or not self._rows_unchecked:
            return
        size = self.log_size()
        if self._rows_unchecked < CHECKPOINT_ROWS and size < self._wal_checked + CHECKPOINT_BYTES:
            return
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        self._rows_unchecked = 0
        self._wal_checked = size
        self._checkpoint_at = now + CHECKPOINT_SECONDS

    def abandoned(self, now: float, successors: set[int]) -> bool:
        """Whether it is time to see if the segment has lost its writer: the process is gone or writes another segment
        (its id is among `successors`), or nothing came for a minute."""
        if self._connection is None or now < self._finish_at:
            return False
        if self.pid in successors or not _is_alive(self.pid):
            self._finish_at = now + CHECKPOINT_SECONDS
            return True
        written = self._settled is None or time.time_ns() - self._settled[0] < IDLE_SECONDS * 1e9
        self._finish_at = now + (CHECKPOINT_SECONDS if written else IDLE_SECONDS)
        return not written

    def finish(self) -> bool:
        """Folds the write-ahead log into the file for good, which SQLite lets only the file's one user do; False while
        the writer or a reader has it open."""
        connection = self.opened()
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            return False
        finally:
            connection.execute(_PATIENCE)
        if mode != "delete":
            return False
        (last,) = connection.execute(f"SELECT max(seq) FROM {self.rows_in}").fetchone()
        self.end = last or 0
        return self.behind == 0

    def is_folded(self) -> bool:
        """Whether it has been finished: its write-ahead log is folded into it for good."""
        with self.file.open("rb") as file:
            return (
                file.read(20)[18:20] == b"\x01\x01"
            )  # https://sqlite.org/fileformat2.html#file_format_version_numbers

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def opened(self) -> sqlite3.Connection:
        """The connection to it; NotReady where its writer has not made its tables yet."""
        if self._connection is None:
            if self.file.stat().st_size == 0:
                # Its writer is about to switch it to WAL, which a reader could hinder.
                self._miss(0)
                raise NotReady(f"{self.file.name} is empty yet")
            self._see_that_all_is_there()
            connection = connect(self.file)
            try:
                meta = _checked(connection, self.file, self.tables, self.formats)
            except BaseException:
                connection.close()
                raise
            self.pid = int(meta.get("pid") or 0)
            self.indexed.deduplicator = meta.get("deduplicator")
            self._connection = connection
        return self._connection

    def _see_that_all_is_there(self) -> None:
        """Before anything is done to the file: whoever closes it last would do away with what is left of its log."""
        if not self.indexed.taken:
            return
        try:
            last = self._last_there()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
                raise
            self._undo_half_a_fold()
            last = self._last_there()
        self._miss(last)

    def _last_there(self) -> int:
        """The number of the last row in the file and its log."""
        with contextlib.closing(connect(self.file, read_only=True)) as connection:
            found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (self.rows_in,)).fetchone()
            return connection.execute(f"SELECT max(seq) FROM {self.rows_in}").fetchone()[0] or 0 if found else 0

    def _undo_half_a_fold(self) -> None:
        """Whoever folded the log into the file was ended when that was done and SQLite changed the file's header: it
        left a rollback journal, which only a connection that may write undoes, and without which nobody may read."""
        with contextlib.closing(connect(self.file)) as connection:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()

    def _miss(self, last: int) -> None:
        if last < (known := self.indexed.taken):
            raise RowsGone(
                f"its rows {last + 1} to {known} are gone: the file, or its write-ahead log, was cut or is away"
            )

    def _stamp(self) -> tuple[int, int] | None:
        for file in (self._wal, self.file):
            with contextlib.suppress(FileNotFoundError):
                status = file.stat()
                return status.st_mtime_ns, status.st_size
        return None

    def log_size(self) -> int:
        """Bytes of its write-ahead log."""
        try:
            return self._wal.stat().st_size
        except FileNotFoundError:
            return 0


def _weight(rows: Sequence[TakenRow]) -> int:
    return sum(len(row.payload) + len(row.encoded or b"") for row in rows)


def _checked(
    connection: sqlite3.Connection, file: Path, wanted: frozenset[str], formats: tuple[str, ...]
) -> dict[str, str]:
    """What the segment says of itself; NotReady or TidegateError where it can't be read (yet)."""
    connection.execute(_PATIENCE)
    # Checkpoints by this connection must be as durable as the writer's commits: what they move leaves the log.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not wanted <= tables:
        raise NotReady(f"{file.name} has no tables yet")
    meta = dict(cast("list[tuple[str, str]]", connection.execute("SELECT key, value FROM meta").fetchall()))
    if meta.get("format") not in formats:
        raise TidegateError(f"{file.name} is of format {meta.get('format')}; this Tidegate reads {', '.join(formats)}")
    return meta


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
