"""A segment as it is at one moment, whoever writes it meanwhile.

A segment that its writer has left and the engine has folded is one file that never changes: its bytes are the copy. Of
any other the rows are copied, some at a time: rows are only ever added to a segment, so what is there up to the last
row of a moment is what was committed then, and no read transaction lasts for longer than a few of them take. One that
lasted would keep the write-ahead log from being begun anew, and it would grow.
"""

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import Final

from core.journal.indexed import BUSY_SECONDS, connect
from core.journal.sqlite_files import LOG, ROLLBACK, WITH_ROWS, beside

ROWS_IN: Final = ("requests", "decodes")
"""The tables that segments are made for."""

_BEGINNING_SECONDS: Final = 5.0
"""A segment may be without its tables for so long, while it is made."""

_MOST_ROWS: Final = 2000
_MOST_BYTES: Final = 4 << 20
"""Of rows that are read at once."""

_VERSIONS: Final = slice(18, 20)
"""Of a SQLite file's header: 1 and 1 where it is no more to be read with a write-ahead log (sqlite.org/fileformat2)."""


def is_folded(file: Path) -> bool:
    """Whether the file holds all of its segment, and nobody writes it any more."""
    with file.open("rb") as opened:
        header = opened.read(20)
    return header[_VERSIONS] == b"\x01\x01" and not any(each.exists() for each in beside(file, (LOG, ROLLBACK)))


def is_sound(file: Path) -> bool:
    """Whether SQLite finds nothing wrong with a folded segment."""
    try:
        with contextlib.closing(connect(file, read_only=True)) as connection:
            return connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.Error:
        return False


def count_rows(file: Path) -> int:
    """How many rows a folded segment has: they are numbered from 1 without a gap."""
    with contextlib.closing(connect(file, read_only=True)) as connection:
        for table in ROWS_IN:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                return int(connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] or 0)
    return 0


def copy_rows(file: Path, target: Path) -> int | None:
    """Makes `target` a segment with the rows that `file` has now; how many. None where its writer has not made its
    tables, and has answered for nothing yet. sqlite3.Error where not all can be read."""
    with contextlib.closing(sqlite3.connect(target.absolute().as_uri(), uri=True, isolation_level=None)) as copy:
        copy.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        copy.execute("ATTACH ? AS source", (f"{file.absolute().as_uri()}?mode=ro",))
        copy.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        tables = copy.execute(
            "SELECT name, sql FROM source.sqlite_master"
            " WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        ).fetchall()
        # What rows point to is copied after them: a head is committed with the first row that needs it.
        tables.sort(key=lambda table: table[0] not in ROWS_IN)
        if not any(name in ROWS_IN for name, _ in tables):
            if time.time() - file.stat().st_mtime < _BEGINNING_SECONDS or not _written(file):
                return None
            raise sqlite3.DatabaseError("the tables are gone")
        size = sum(each.stat().st_size for each in _files(file))
        rows = 0
        for name, sql in tables:
            copy.execute(sql)
            copied = _copy_table(copy, name, size)
            rows += copied if name in ROWS_IN else 0
    os.chmod(target, file.stat().st_mode & 0o777)
    return rows


def _copy_table(copy: sqlite3.Connection, table: str, size: int) -> int:
    """Statement by statement, each with a read transaction of its own; `size` is that of the segment's files."""
    (end,) = copy.execute(f'SELECT max(rowid) FROM source."{table}"').fetchone()
    if end is None:
        return 0
    if end > size:
        raise sqlite3.DatabaseError(f"row {end} cannot be in a segment of {size} bytes")
    at_once = min(max(_MOST_BYTES * end // max(size, 1), 1), _MOST_ROWS)
    for start in range(0, end, at_once):
        copy.execute(
            f'INSERT INTO main."{table}" SELECT * FROM source."{table}" WHERE rowid > ? AND rowid <= ?',
            (start, min(start + at_once, end)),
        )
    (copied,) = copy.execute(f'SELECT count(*) FROM main."{table}"').fetchone()
    return int(copied)


def _written(file: Path) -> bool:
    return any(each.stat().st_size for each in _files(file))


def _files(file: Path) -> list[Path]:
    return [each for each in beside(file, WITH_ROWS) if each.exists()]
