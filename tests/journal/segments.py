"""Real segment files for the tests, written as a worker writes them."""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec
from uuid_utils import uuid7

from core.journal.around import around
from core.journal.rows import DECODED, FORMAT, INSERT, INSERT_HEAD, INSERT_META, SCHEMA
from core.model.events import Event, Measurements

NOW = 1_780_000_000_000
"""Milliseconds since the epoch: when the tests' first row was received."""


def request_id(milliseconds: int, number: int) -> bytes:
    """A UUIDv7 made at `milliseconds`; `number` orders those of one millisecond."""
    return milliseconds.to_bytes(6, "big") + b"\x70\x00" + (1 << 63 | number).to_bytes(8, "big")


class SegmentFile:
    """A segment with a live writer: `write` commits rows, each one after the last."""

    def __init__(
        self,
        journal: Path,
        tenant: str = "default",
        source: str = "lora",
        *,
        name: str = "",
        pid: int | None = None,
        deduplicator: str | None = None,
    ) -> None:
        folder = journal / tenant / source
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name or str(uuid7())
        self.file = folder / f"{self.name}.db"
        self.path = f"{tenant}/{source}/{self.name}.db"
        self.seq = 0
        self.connection = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        self.connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0; BEGIN;" + SCHEMA
        )
        about = {"format": FORMAT, "tenant": tenant, "source": source, "pid": os.getpid() if pid is None else pid}
        if deduplicator is not None:
            about["deduplicator"] = deduplicator
        self.connection.executemany(INSERT_META, [(key, str(value)) for key, value in about.items()])
        head = b"POST /lora HTTP/1.1\r\nhost: x\r\n\r\n"
        self.connection.execute(
            INSERT_HEAD, (1, "POST", "/lora", head, b'{"http.method":"POST","http.target":"/lora"}')
        )
        self.connection.execute("COMMIT")

    def row(
        self,
        *,
        id: bytes = b"",
        received: int | None = None,
        remote: str = "127.0.0.1:51234",
        payload: bytes = b'{"rssi":-111}',
        events: Sequence[Event] | None = None,
        outcome: int = DECODED,
        reason: str | None = None,
        status: int | None = 200,
        micros: int = 800,
        head: int | None = 1,
        size: int | None = None,
        metadata: bytes | None = None,
        state: bytes | None = None,
        log: bytes | None = None,
        wire: bytes | None = None,
        answer: bytes | None = None,
    ) -> tuple[object, ...]:
        """The next row. Its id is in order of time within every segment of a test."""
        self.seq += 1
        at = NOW + self.seq if received is None else received
        if events is None:
            events = [Measurements(hardware_id="d1", measurements={"rssi": -111.0})] if outcome == DECODED else []
        encoded = msgspec.json.encode(events) if events else None
        identity = id or request_id(at, int.from_bytes(os.urandom(6), "big"))
        beside = None if wire is None else around(wire, payload)
        bytes_given = len(payload) if size is None else size
        return (
            self.seq, identity, at, remote, head, payload, metadata, state, outcome, encoded, reason, log,
            0, status, "3f9a1c", micros, bytes_given, None if beside else wire, answer, beside,
        )  # fmt: skip

    def write(self, *rows: tuple[object, ...]) -> None:
        self.connection.execute("BEGIN")
        self.connection.executemany(INSERT, rows)
        self.connection.execute("COMMIT")

    def fill(self, count: int) -> list[bytes]:
        """Commits `count` plain rows and gives their ids."""
        rows = [self.row() for _ in range(count)]
        self.write(*rows)
        return [bytes(row[1]) for row in rows if isinstance(row[1], bytes)]

    def close(self) -> None:
        self.connection.close()
