"""Decode segments: what replays make of requests that are kept already.

`data/journal/<tenant>/<source>/replays/<UUIDv7>.db` is SQLite as a segment is: one replay's process writes it, the
follower reads it, nobody opens it again for writing. A row is one decode of one request, or says that a decode is
undone. The request itself stays in its own segment, untouched.

A request's decodes are numbered: 0 is the one that its worker made, 1 the first replay's. The current one is that with
the greatest number that is not undone.
"""

import contextlib
import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from uuid_utils import uuid7

from core.journal.indexed import connect
from core.journal.rows import FAILED
from core.journal.segment import sync_folders
from core.journal.sqlite_files import OF_SEGMENT, remove

FOLDER: Final = "replays"
"""Beside a source's segments."""

FORMAT: Final = "1"

SCHEMA: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE decodes(
  seq INTEGER PRIMARY KEY,
  request BLOB,
  received INTEGER,
  number INTEGER,
  undone INTEGER,
  outcome INTEGER,
  events BLOB,
  reason TEXT,
  log BLOB,
  log_cut INTEGER,
  script TEXT,
  micros INTEGER,
  at INTEGER,
  effect INTEGER
);
"""
"""`request`, `received`: of the request that was decoded again. `undone`: 1 says that the decode of that number, by the
replay that meta names, is undone; the columns behind it are NULL then, but for `at`. `micros`: what the decode took.
`at`: when it was, in milliseconds since the epoch. `effect`: what it changed, a sum of CHANGED, MENDED and BROKEN. The
others are as in core.journal.rows."""

CHANGED: Final = 1
"""It has another outcome, reason or other events than the decode that was current before it."""
MENDED: Final = 2
"""The request had failed and is decoded."""
BROKEN: Final = 4
"""The request had been decoded and has failed."""

DECODE_COLUMNS: Final = "seq, request, received, number, undone, outcome, events, reason, script, micros, at"

_INSERT: Final = (
    "INSERT INTO decodes(seq, request, received, number, undone, outcome, events, reason, log, log_cut, script, micros,"
    " at, effect) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class DecodeRow(msgspec.Struct, gc=False):
    """A row as the follower and queries take it; its fields are `DECODE_COLUMNS`."""

    seq: int
    request: bytes
    received: int
    number: int
    undone: int
    outcome_code: int | None
    encoded: bytes | None
    reason: str | None
    script: str | None
    micros: int | None
    at: int


class NewDecode(msgspec.Struct):
    """A decode, or that one is undone, on its way to the journal."""

    request: bytes
    received: int
    number: int
    at: int
    outcome_code: int | None = None
    encoded: bytes | None = None
    reason: str | None = None
    log: bytes | None = None
    log_cut: int | None = None
    script: str | None = None
    micros: int | None = None
    effect: int | None = None
    undone: bool = False

    @property
    def weight(self) -> int:
        """Bytes it takes in the journal, about."""
        return len(self.encoded or b"") + len(self.log or b"") + 100


class DecodeWriter:
    """One decode segment, from its making to its close. sqlite3.Error or OSError means that it must not be written
    again; what `add` returned from is on disk."""

    def __init__(self, folder: Path, tenant: str, source: str, replay: str, deduplicator: str | None = None) -> None:
        """`folder` is the source's, where its segments are."""
        own = folder / FOLDER
        own.mkdir(parents=True, exist_ok=True)
        self.path = own / f"{uuid7()}.db"
        self.size = 0
        self._seq = 0
        self._connection = sqlite3.connect(self.path, isolation_level=None)
        about = {"format": FORMAT, "tenant": tenant, "source": source, "pid": str(os.getpid()), "replay": replay}
        if deduplicator is not None:
            about["deduplicator"] = deduplicator
        try:
            self._connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; BEGIN;" + SCHEMA
            )
            self._connection.executemany("INSERT INTO meta(key, value) VALUES (?, ?)", about.items())
            self._connection.execute("COMMIT")
            sync_folders(own)
        except (sqlite3.Error, OSError):
            self._connection.close()
            remove(self.path, OF_SEGMENT)
            raise

    def add(self, decodes: Sequence[NewDecode]) -> None:
        """Keeps these in one transaction: it returns after the disk has them."""
        rows: list[tuple[object, ...]] = []
        for new in decodes:
            self._seq += 1
            self.size += new.weight
            rows.append(
                (
                    *(self._seq, new.request, new.received, new.number, int(new.undone), new.outcome_code),
                    *(new.encoded, new.reason, new.log, new.log_cut, new.script, new.micros, new.at, new.effect),
                )
            )
        self._connection.execute("BEGIN")
        self._connection.executemany(_INSERT, rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class OfReplay(msgspec.Struct):
    """What one source's decode segments hold of a replay."""

    last: bytes | None = None
    """The greatest id of a request that it decoded. It decodes in order of ids, so those before it are done."""
    done: int = 0
    undone: int = 0
    failed: int = 0
    changed: int = 0
    mended: int = 0
    broken: int = 0


def decode_files(folder: Path) -> list[Path]:
    """A source's decode segments, the oldest first."""
    return sorted((folder / FOLDER).glob("*.db"))


_SUMS: Final = f"""
SELECT max(request), count(*), total(outcome = {FAILED}), total(effect & {CHANGED} > 0), total(effect & {MENDED} > 0),
  total(effect & {BROKEN} > 0)
FROM decodes WHERE undone = 0
"""


def of_replay(folder: Path, replay: str) -> OfReplay:
    """What is kept of a replay; sqlite3.Error where a file cannot be read."""
    found = OfReplay()
    for connection in _files_of(decode_files(folder), replay):
        last, done, *sums = connection.execute(_SUMS).fetchone()
        found.last = max(filter(None, (found.last, last)), default=None)
        found.done += done
        for name, count in zip(("failed", "changed", "mended", "broken"), sums, strict=True):
            setattr(found, name, getattr(found, name) + int(count))
        found.undone += connection.execute("SELECT count(*) FROM decodes WHERE undone = 1").fetchone()[0]
    return found


def decodes_to_undo(folder: Path, replay: str) -> Iterator[tuple[bytes, int, int]]:
    """Request, received date and number of each decode of a replay that is not undone yet."""
    undone: set[tuple[bytes, int]] = set()
    files = decode_files(folder)
    for connection in _files_of(files, replay):
        undone.update(connection.execute("SELECT request, number FROM decodes WHERE undone = 1"))
    for connection in _files_of(files, replay):
        for request, received, number in connection.execute(
            "SELECT request, received, number FROM decodes WHERE undone = 0 ORDER BY seq"
        ):
            if (request, number) not in undone:
                yield request, received, number


def last_numbers(folder: Path, taken: dict[str, int]) -> dict[bytes, int]:
    """The number of the last decode of each request, out of rows that the index has not taken. `taken` has the last row
    that it took of each decode segment, by its name without `.db`."""
    found: dict[bytes, int] = {}
    for file in decode_files(folder):
        with _readable(file) as connection:
            if connection is not None:
                since = taken.get(file.stem, 0)
                for request, number in connection.execute(
                    "SELECT request, number FROM decodes WHERE seq > ?", (since,)
                ):
                    found[request] = max(number, found.get(request, 0))
    return found


def _files_of(files: Sequence[Path], replay: str) -> Iterator[sqlite3.Connection]:
    for file in files:
        with _readable(file) as connection:
            if connection is not None:
                named = connection.execute("SELECT value FROM meta WHERE key = 'replay'").fetchone()
                if named is not None and named[0] == replay:
                    yield connection


@contextlib.contextmanager
def _readable(file: Path) -> Generator[sqlite3.Connection | None]:
    """A connection for reading; None where its writer ended before it had made the tables."""
    if file.stat().st_size == 0:
        yield None
        return
    with contextlib.closing(connect(file, read_only=True)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        yield connection if {"meta", "decodes"} <= tables else None


def decode_row(columns: Iterable[object]) -> DecodeRow:
    """A row from the columns of `DECODE_COLUMNS`."""
    return DecodeRow(*columns)  # type: ignore[arg-type]  # SQLite's columns are typed by the schema alone
