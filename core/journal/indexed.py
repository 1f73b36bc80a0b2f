"""What everybody who uses the index needs: a connection, a transaction, and the segments that it knows."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Final

import msgspec

from core.journal.adapting import bind_quickly

bind_quickly()

BUSY_SECONDS: Final = 5.0
OPEN_SECONDS: Final = 2.0
"""How long it is tried to open an index while another takes its place."""
AGAIN_SECONDS: Final = 0.02

VERSION_AT: Final = 14
"""Where the version stands in a UUID, as text."""
FAILED_VERSION: Final = "8"
"""That of the name of a segment of failed requests (core.journal.failed_segment); others are UUIDv7s."""


class IndexedSegment(msgspec.Struct):
    """A segment as the index knows it. `finished`: nobody writes it any more, and its last row was taken."""

    id: int
    tenant: str
    source: str
    name: str
    """Of its file without `.db`; of a decode segment with its folder, `replays/`, before it."""
    taken: int
    finished: int
    newest: int | None
    """The received date of its newest row, in milliseconds since the epoch."""
    deduplicator: str | None = None
    """The kind of deduplicator that acts here, in the index, on the segment's events."""

    @property
    def path(self) -> str:
        """The file, relative to the journal's folder."""
        return f"{self.tenant}/{self.source}/{self.name}.db"

    @property
    def holds_decodes(self) -> bool:
        """Whether it is a decode segment, of a replay."""
        return "/" in self.name

    @property
    def holds_failed(self) -> bool:
        """Whether it is a segment of failed requests, which outlived the segments that they were received in."""
        return is_failed_name(self.name)


def is_failed_name(name: str) -> bool:
    """Whether a segment of failed requests has this name."""
    return "/" not in name and name[VERSION_AT : VERSION_AT + 1] == FAILED_VERSION


def connect(file: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection to an existing SQLite file in autocommit mode, for use by one thread at a time."""
    mode = "ro" if read_only else "rw"
    uri = f"{file.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def open_index(file: Path) -> sqlite3.Connection:
    """A connection for reading an index, whole: SQLite opens three files one after the other, and another index may
    take its place meanwhile. sqlite3.Error or FileNotFoundError says why there is none."""
    deadline = time.monotonic() + OPEN_SECONDS
    while True:
        before: int | None = None
        connection: sqlite3.Connection | None = None
        try:
            before = os.stat(file).st_ino
            connection = connect(file, read_only=True)
            connection.execute("SELECT 1 FROM segments LIMIT 1").fetchall()
            if os.stat(file).st_ino == before:
                return connection
            connection.close()
        except (sqlite3.Error, FileNotFoundError) as error:
            if connection is not None:
                connection.close()
            if (_is_the_same(file, before) and not is_busy(error)) or time.monotonic() > deadline:
                raise
        time.sleep(AGAIN_SECONDS)


def _is_the_same(file: Path, inode: int | None) -> bool:
    try:
        return os.stat(file).st_ino == inode
    except FileNotFoundError:
        return False


def is_busy(error: Exception) -> bool:
    """Whether somebody else has the file for a moment: its writer makes it or ends, or another reader folds it."""
    if not isinstance(error, sqlite3.OperationalError):
        return False
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_CANTOPEN)


def indexed_segments(connection: sqlite3.Connection) -> list[IndexedSegment]:
    """All segments of the index, oldest name first."""
    rows = connection.execute(
        "SELECT id, tenant, source, name, taken, finished, newest, deduplicator FROM segments ORDER BY name, id"
    )
    return [IndexedSegment(*row) for row in rows]


class Transaction:
    """A write transaction: committed at the end of the block, rolled back where it fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            try:
                self._connection.execute("COMMIT")
                return
            except sqlite3.Error:
                self._roll_back()
                raise
        self._roll_back()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is damaged, rather than busy, full or unreachable."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "Could not decode to UTF-8" in str(error)
