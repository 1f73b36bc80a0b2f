"""Writing a segment: one worker's own SQLite file, committed in groups (core.journal.rows says what is in it)."""

import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from uuid_utils import uuid7

from core.catalogue.received import JournalHead
from core.config.files import sync_folder
from core.journal.adapting import bind_quickly
from core.journal.rows import COLUMNS, DECODED, FORMAT, INSERT_HEAD, INSERT_META, SCHEMA
from core.journal.sqlite_files import OF_SEGMENT, remove

bind_quickly()

Row = tuple[object, ...]
"""The columns of `_USUAL` or all of them, without the last, `head`, which the writer finds; or those of `_FRAME`."""

_COLUMNS = (*(name for name in COLUMNS if name not in ("seq", "head")), "head")
_USUAL = ("id", "received", "remote", "payload", "events", "status", "script", "micros", "size", "head")
"""Of a decoded request of which nothing else is to be said: a column that is not bound costs nothing."""
_FRAME = ("id", "received", "remote", "payload", "events", "script", "micros", "size", "answer", "around", "outcome")
"""The same of a request without head and status, as frames and datagrams are, whose payload stands in its frame."""


def _inserting(columns: Sequence[str], **constants: int) -> str:
    names, values = [*columns, *constants], ["?"] * len(columns) + [str(value) for value in constants.values()]
    return f"INSERT INTO requests({', '.join(names)}) VALUES ({', '.join(values)})"


_INSERTS = {
    len(_COLUMNS): _inserting(_COLUMNS),
    len(_USUAL): _inserting(_USUAL, outcome=DECODED, log_cut=0),
    len(_FRAME): _inserting(_FRAME, log_cut=0),
}


class SegmentWriter:
    """One segment, from its making to its close. `insert` and `commit` alternate; the two may be called from
    different threads, never at once. sqlite3.Error from either means that the segment must not be written again."""

    _opened = 0

    def __init__(self, folder: Path, tenant: str, source: str, deduplicator: str | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{uuid7()}.db"
        self.size = 0
        """Bytes of the rows so far, about: what a segment's limit is held against."""
        self.begun: float | None = None
        """When the first row came, in seconds since the epoch."""
        self._heads = 0
        SegmentWriter._opened += 1
        self._number = SegmentWriter._opened
        self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        about = {"format": str(FORMAT), "tenant": tenant, "source": source, "pid": str(os.getpid())}
        if deduplicator is not None:
            about["deduplicator"] = deduplicator
        try:
            self._connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; BEGIN;" + SCHEMA
            )
            self._connection.executemany(INSERT_META, about.items())
            self._connection.execute("COMMIT")
            sync_folders(folder)
        except (sqlite3.Error, OSError):
            self._abandon()  # or a full disk would be filled with beginnings
            raise

    def _abandon(self) -> None:
        self._connection.close()
        remove(self.path, OF_SEGMENT)

    def insert(self, rows: Sequence[tuple[JournalHead | None, Row]]) -> None:
        """Begins a transaction with these rows in it."""
        execute = self._connection.execute
        execute("BEGIN")
        if self.begun is None:
            self.begun = time.time()
        number = self._number
        complete: list[Row] = []
        for head, row in rows:
            if head is None:
                complete.append(row if len(row) == len(_FRAME) else (*row, None))
                continue
            place = head.place
            if place is None or place[0] != number:
                place = self._head_row(head)
            complete.append(row + (place[1],))  # noqa: RUF005  # it is by far the quicker
        start = 0  # rows of one kind go together, in their order: SQLite numbers them
        for end in range(1, len(complete) + 1):
            if end == len(complete) or len(complete[end]) != len(complete[start]):
                self._connection.executemany(_INSERTS[len(complete[start])], complete[start:end])
                start = end

    def _head_row(self, head: JournalHead) -> tuple[int, int]:
        self._heads += 1
        row = (self._heads, head.method, head.target, head.raw, head.metadata)
        self._connection.execute(INSERT_HEAD, row)
        self.size += len(head.raw) + len(head.metadata)
        head.place = place = (self._number, self._heads)
        return place

    def commit(self) -> None:
        """Makes the transaction durable: it returns after the disk has it."""
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Ends writing. The engine checkpoints what is left in the write-ahead log."""
        self._connection.close()


def sync_folders(folder: Path) -> None:
    """Makes a new file's name durable, and those of the folders that may be new too."""
    for path in (folder, folder.parent, folder.parent.parent):
        sync_folder(path)
