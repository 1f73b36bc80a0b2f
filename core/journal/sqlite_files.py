"""The files of a SQLite database: each is called as the database is, with an ending (sqlite.org/tempfiles)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

LOG: Final = "-wal"
"""Of the write-ahead log: rows stand in it that the file has not got yet."""
ROLLBACK: Final = "-journal"
"""Of what a database without a write-ahead log is rolled back by, after its writer died."""
WITH_ROWS: Final = ("", LOG)
"""The database and what holds rows of it."""
OF_SEGMENT: Final = (*WITH_ROWS, "-shm")
"""With the log's index: all files of a segment."""
EVERY: Final = (*OF_SEGMENT, ROLLBACK)


def beside(file: Path, endings: Iterable[str]) -> list[Path]:
    """A database's files with these endings, whether they are there or not."""
    return [file.with_name(file.name + ending) for ending in endings]


def log_of(file: Path) -> Path:
    """A database's write-ahead log."""
    return file.with_name(file.name + LOG)


def remove(file: Path, endings: Iterable[str]) -> None:
    """Removes those of a database's files that are there, in the order of the endings."""
    for each in beside(file, endings):
        each.unlink(missing_ok=True)
