"""How an index that was built beside the one in use takes its place.

`index.db.new` is being built and worth nothing. When it is whole and on disk it is called `index.db.ready`. To put it
in its place the log of the one before is removed, then the file is renamed: whoever is killed between the two leaves an
`index.db.ready`, and whoever opens the index next for writing does the same again before.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from core.config.files import sync_file, sync_folder
from core.errors import TidegateError
from core.journal.indexed import connect, indexed_segments
from core.journal.sqlite_files import EVERY, remove


def unfinished_file(index: Path) -> Path:
    """Where it is built."""
    return index.with_name(f"{index.name}.new")


def ready_file(index: Path) -> Path:
    """What it is called when it is whole."""
    return index.with_name(f"{index.name}.ready")


def declare_ready(index: Path) -> None:
    """Calls it whole, once the disk has it."""
    file = unfinished_file(index)
    sync_file(file)
    os.replace(file, ready_file(index))
    sync_folder(index.parent)


def take_back(index: Path) -> Path:
    """Calls one that is ready unfinished again, so that it can be written; where it is then."""
    os.replace(ready_file(index), unfinished_file(index))
    return unfinished_file(index)


def make_one_file(file: Path) -> None:
    """Ends its write-ahead log: it is to be renamed, and a log goes by its file's name."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    finally:
        connection.close()
    if mode != "delete":
        raise TidegateError(f"{file} is held by somebody else")


def rows_of_ready(index: Path) -> dict[str, int] | None:
    """The last row that an index that is ready has of each segment, by its path; None where none is ready."""
    file = ready_file(index)
    if not file.exists():
        return None
    with contextlib.closing(connect(file, read_only=True)) as connection:
        return {segment.path: segment.taken for segment in indexed_segments(connection)}


def put_in_place(index: Path) -> bool:
    """Puts an index that is ready in its place; False where there is none. No connection to the index may write."""
    if not ready_file(index).exists():
        return False
    remove(index, EVERY[1:])
    os.replace(ready_file(index), index)
    sync_folder(index.parent)
    return True


def discard(index: Path) -> None:
    """Takes away what was built and did not come into its place."""
    for file in (unfinished_file(index), ready_file(index)):
        remove(file, EVERY)
