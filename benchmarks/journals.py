"""Journals of many events for benchmarks, written as workers write them, but without a sync for each commit."""

import os
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from core.journal.rows import DECODED, FAILED, FORMAT, INSERT, INSERT_HEAD, INSERT_META, REFUSED, SCHEMA

SEGMENT_ROWS = 130_000
"""About what 64 MiB hold."""
DEVICES = 100_000
BEGIN = 1_780_000_000_000
"""Milliseconds since the epoch: when the first row was received."""
ROWS_A_SECOND = 150
"""So that ten million rows are of about 18 hours."""
SOURCES = (
    *(("default", "lora", 0.70), ("default", "trackers", 0.20), ("acme", "lora", 0.0998)),
    *(("acme", "gate", 0.0001), ("rare", "meter", 0.0001)),
)
"""Tenant, event source, and its share of the rows."""
RARE_DEVICE, RARE_TYPE, RARE_STATUS, RARE_TEXT = "rare-and-old", "Stream", 413, b"needle-in-a-haystack"

Row = tuple[object, ...]


class Writer:
    """The segments of one event source, one after the other."""

    def __init__(self, journal: Path, tenant: str, source: str) -> None:
        self.folder = journal / tenant / source
        self.folder.mkdir(parents=True, exist_ok=True)
        self._about = {"format": str(FORMAT), "tenant": tenant, "source": source, "pid": "0"}
        self._connection: sqlite3.Connection | None = None
        self._rows: list[Row] = []
        self._seq = 0

    def add(self, id: bytes, received: int, row: Row) -> None:
        """Keeps a row: the columns of INSERT behind the received date."""
        self._seq += 1
        self._rows.append((self._seq, id, received, *row))
        if len(self._rows) >= 5000:
            self.flush()
        if self._seq >= SEGMENT_ROWS:
            self.close()

    def flush(self) -> None:
        if self._connection is None and self._rows:
            first = self._rows[0][1]
            assert isinstance(first, bytes)
            name = f"{first[:4].hex()}-{first[4:6].hex()}-7000-8000-{os.urandom(6).hex()}"
            self._connection = connection = sqlite3.connect(self.folder / f"{name}.db", isolation_level=None)
            connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;" + SCHEMA)
            connection.executemany(INSERT_META, self._about.items())
            connection.execute(INSERT_HEAD, (1, "POST", "/lora", b"POST /lora HTTP/1.1\r\n\r\n", b"{}"))
        if self._connection is not None:
            self._connection.executemany(INSERT, self._rows)
        self._rows.clear()

    def close(self) -> None:
        self.flush()
        if self._connection is not None:
            self._connection.execute("COMMIT")
            self._connection.close()
        self._connection, self._seq = None, 0


def write_journal(journal: Path, rows: int) -> int:
    """Writes `rows` requests with one event each, or none where they failed or were refused; how many events."""
    choose = random.Random(20260801)
    writers = [Writer(journal, tenant, source) for tenant, source, _ in SOURCES]
    weights = [share for *_, share in SOURCES]
    events = 0
    for start in range(0, rows, 10_000):
        chosen = choose.choices(writers, weights, k=min(10_000, rows - start))
        for number, writer in enumerate(chosen, start):
            at = BEGIN + number * 1000 // ROWS_A_SECOND
            id = at.to_bytes(6, "big") + b"\x70\x00" + (1 << 63 | number).to_bytes(8, "big")
            row = _old(number) if number < 400 else _row(choose, number)
            events += row[6] is not None
            writer.add(id, at, row)
    for writer in writers:
        writer.close()
    return events


def _old(number: int) -> Row:
    """What there is of old alone."""
    body = b'{"id":"%s","data":"%s","seq":%d}' % (RARE_DEVICE.encode(), RARE_TEXT, number)
    if number % 4 == 0:
        return _columns(body, REFUSED, None, "the body is larger than 1 MiB", RARE_STATUS)
    type = (b'"Stream","streamId":"s","contentType":"x"', b'"Measurements","measurements":{"rssi":-111.0}')[number % 2]
    event = b'[{"eventType":%s,"hardwareId":"%s","eventDate":"2026-02-11T10:33:00.578Z"}]'
    return _columns(body, DECODED, event % (type, RARE_DEVICE.encode()), None, 200)


def _row(choose: random.Random, number: int) -> Row:
    """95 of a hundred are measurements."""
    of = choose.random()
    device = 278_000 + int(choose.random() ** 2 * DEVICES)
    body = b'{"id":"%d","rssi":-111,"snr":-6,"data":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=","seq":%d}'
    payload = body % (device, number)
    if of < 0.01:
        return _columns(payload, FAILED, None, f"decode_lora.py:{12 + number % 3}  JSON is missing the id", 422)
    if of < 0.015:
        return _columns(payload, REFUSED, None, "no authenticator lets it in", 401)
    kind = b'"Measurements","measurements":{"rssi":-111.0,"snr":-6.0}'
    if of > 0.975:
        kind = b'"Location","latitude":33.75,"longitude":-84.39'
    elif of > 0.965:
        kind = b'"Alert","type":"battery","message":"is low","level":"%s"' % (b"Error" if number % 10 else b"Critical")
    event = b'[{"eventType":%s,"hardwareId":"%d","eventDate":"2026-02-11T10:33:00.578Z"}]' % (kind, device)
    return _columns(payload, DECODED, event, None, 200)


def _columns(payload: bytes, outcome: int, events: bytes | None, reason: str | None, status: int) -> Row:
    remote = f"127.0.0.1:{40000 + len(payload) % 64}"
    return (
        remote, 1, payload, None, None, outcome, events, reason, None, 0, status, "3f9a1c", 412, len(payload), None,
        None, None,
    )  # fmt: skip


def segments_of(journal: Path) -> Iterator[Path]:
    """All files of a journal."""
    return journal.glob("*/*/*.db")
