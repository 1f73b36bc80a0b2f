"""How many rows a second the follower takes into the index on one core: `python benchmarks/follower.py [rows]`."""

import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from uuid_utils import uuid7

from core.journal.audience import Audience
from core.journal.follower import Follower
from core.journal.rows import FORMAT, INSERT, INSERT_HEAD, INSERT_META, SCHEMA
from core.journal.taken import TakenRow

DEVICES = 1000


def write_segment(journal: Path, rows: int) -> None:
    folder = journal / "default" / "lora"
    folder.mkdir(parents=True)
    connection = sqlite3.connect(folder / f"{uuid7()}.db", isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + SCHEMA)
    about = {"format": str(FORMAT), "tenant": "default", "source": "lora", "pid": "0"}
    connection.executemany(INSERT_META, about.items())
    connection.execute(INSERT_HEAD, (1, "POST", "/lora", b"POST /lora HTTP/1.1\r\n\r\n", b"{}"))
    connection.execute("BEGIN")
    connection.executemany(INSERT, (_row(seq) for seq in range(1, rows + 1)))
    connection.execute("COMMIT")
    connection.close()


def _row(seq: int) -> tuple[object, ...]:
    device = 278_000 + seq * 7919 % DEVICES
    payload = b'{"id":"%d","rssi":-111,"snr":-6,"data":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=","seq":%d}'
    event = b'[{"eventType":"Measurements","hardwareId":"%d","eventDate":"2026-02-11T10:33:00.578Z",'
    event += b'"measurements":{"rssi":-111.0,"snr":-6.0}}]'
    body = payload % (device, seq)
    request = uuid7().bytes
    received = int.from_bytes(request[:6], "big")
    remote = f"127.0.0.1:{40000 + seq % 64}"
    return (
        seq, request, received, remote, 1, body, None, None, 0, event % device, None, None, 0, 200, "3f9a1c", 412,
        len(body), None, None, None,
    )  # fmt: skip


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        write_segment(journal, rows)
        seen = 0

        def count(batch: list[TakenRow]) -> None:
            nonlocal seen
            seen += len(batch)

        follower = Follower(journal, Path(folder) / "index.db", Audience(count, since=0))
        began, began_cpu = time.perf_counter(), time.process_time()
        taken = follower.take()
        took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        size = (Path(folder) / "index.db").stat().st_size
        follower.close()
    print(f"{taken} rows taken, {seen} passed on, in {took:.2f} s ({cpu:.2f} s of processor)")
    print(f"{taken / took:,.0f} rows/s, {taken / cpu:,.0f} a second of processor, {size / taken:.0f} B of index a row")


if __name__ == "__main__":
    main()
