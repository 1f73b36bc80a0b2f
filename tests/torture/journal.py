"""The journal as it is on disk, read without any of the product's code but the names of columns."""

import contextlib
import sqlite3
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture.site import mark_of


@dataclass(frozen=True, slots=True)
class Row:
    """A kept request. `mark` is None where the payload has none."""

    segment: str
    id: bytes
    mark: str | None
    outcome: int
    reason: str | None


@dataclass
class Journal:
    """What the segments hold."""

    rows: list[Row] = field(default_factory=list[Row])
    complaints: list[str] = field(default_factory=list[str])
    segments: int = 0
    unbegun: list[str] = field(default_factory=list[str])
    """Files whose writer was ended before it had made its tables: nothing can be in them."""


def read_journal(folder: Path, since: int = 0) -> Journal:
    """The requests received from `since` on (milliseconds since the epoch), and what is wrong with any segment."""
    found = Journal()
    for file in sorted(folder.glob("*/*/*.db")):
        with _opened(file) as connection:
            if not _has_tables(connection, "requests"):
                found.unbegun.append(str(file.relative_to(folder)))
                continue
            found.segments += 1
            found.complaints += _complaints(connection, file, "requests")
            rows = connection.execute(
                "SELECT id, payload, outcome, reason FROM requests WHERE received >= ? ORDER BY seq", (since,)
            )
            found.rows += [Row(file.name, id, mark_of(payload), *rest) for id, payload, *rest in rows]
    for file in sorted(folder.glob("*/*/replays/*.db")):
        with _opened(file) as connection:
            if _has_tables(connection, "decodes"):
                found.segments += 1
                found.complaints += _complaints(connection, file, "decodes")
            else:
                found.unbegun.append(str(file.relative_to(folder)))
    return found


@contextlib.contextmanager
def _opened(file: Path) -> Generator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
        yield connection


def _has_tables(connection: sqlite3.Connection, rows_in: str) -> bool:
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {"meta", rows_in} <= names


def _complaints(connection: sqlite3.Connection, file: Path, rows_in: str) -> list[str]:
    """What SQLite finds wrong, and rows that are not numbered 1, 2, 3 …: a hole would be a row that was lost."""
    found = [f"{file}: {said}" for (said,) in connection.execute("PRAGMA integrity_check") if said != "ok"]
    least, most, count = connection.execute(f"SELECT min(seq), max(seq), count(*) FROM {rows_in}").fetchone()
    if count and (least, most) != (1, count):
        found.append(f"{file}: {count} rows are numbered {least} to {most}")
    if dict(connection.execute("SELECT key, value FROM meta")).keys() < {"format", "tenant", "source", "pid"}:
        found.append(f"{file}: it does not say what it is")
    return found


# What an index says, in words that do not depend on the order in which it was built

_OF_INDEX = {
    "requests": """
        SELECT hex(r.id), s.tenant, s.source, s.name, r.seq, r.received, r.outcome, r.status, r.micros, r.size,
          r.events, f.key, r.number
        FROM requests r JOIN segments s ON s.id = r.segment LEFT JOIN failures f ON f.id = r.failure""",
    "events": "SELECT hex(request), n, device, type, level, hex(alternate), specification FROM events",
    "failures": "SELECT key, tenant, source, count FROM failures WHERE count > 0",
    "decodes": """
        SELECT hex(d.request), d.number, s.name, d.seq, d.undone
        FROM decodes d LEFT JOIN segments s ON s.id = d.segment""",
}


def index_facts(index: Path) -> dict[str, set[tuple[object, ...]]]:
    """All that an index says of requests, events, failures and decodes."""
    with _opened(index) as connection:
        return {name: set(connection.execute(query)) for name, query in _OF_INDEX.items()}


def differences(lived: Path, rebuilt: Path) -> list[str]:
    """Where two indexes of one journal say different things."""
    found: list[str] = []
    before, after = index_facts(lived), index_facts(rebuilt)
    for name in _OF_INDEX:
        for facts, which in ((before[name] - after[name], "that lived"), (after[name] - before[name], "rebuilt")):
            if facts:
                found.append(f"{name}: only the index {which} says {sorted(facts, key=repr)[0]} ({len(facts)} such)")
    return found
