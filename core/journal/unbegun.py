"""Segments whose writer ended, or the power with it, before it had made their tables.

Nothing that was acknowledged can be in them: a writer makes the tables, and they are on disk, before its first row.
"""

import contextlib
import logging
import sqlite3
from pathlib import Path
from typing import Final

from core.journal.folders import Folders
from core.journal.indexed import connect
from core.journal.sqlite_files import EVERY, remove

LOG = logging.getLogger("tidegate.journal")

MOST_BYTES: Final = 64 << 10
"""The tables of a larger file have been moved into it: SQLite's greatest page, which is all that one without may be."""


def remove_unbegun(journal: Path) -> int:
    """Removes them; how many. To be called while nobody writes: a writer that has just begun has one too."""
    folders = Folders(journal)
    folders.changed(thoroughly=True)
    removed = 0
    for path, file in folders.segments.items():
        with contextlib.suppress(OSError):
            if file.stat().st_size <= MOST_BYTES and _has_no_tables(file):
                remove(file, reversed(EVERY))
                LOG.info("%s is removed: it was not begun", path)
                removed += 1
    return removed


def _has_no_tables(file: Path) -> bool:
    """Whether the file and its log are sound and hold nothing; a damaged one is no concern of ours."""
    try:
        with contextlib.closing(connect(file)) as connection:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return False
    return tables == 0
