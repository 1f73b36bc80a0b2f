"""Kept rows in files: the same rows in each format, whole or not there at all."""

import base64
import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.cli.export_formats import event_columns
from tests.cli.tidegate import COMMAND, environment, until
from tests.engine.stead import Stead

SCRIPT = """import json


def decode(payload, metadata, events, logger):
    message = json.loads(payload)
    device = message["id"]
    events.measurements(device, {"value": message["value"]}, metadata={"quote": '"a", b'})
    events.location(device, 48.5, 9.25)
    events.alert(device, "note", "two\\nlines")
"""


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("export") / "home", script=SCRIPT)
    stead.serve()
    for number in range(40):
        body = json.dumps({"id": f"d{number}", "value": number / 4}).encode() if number % 10 else b"\xff\x00"
        head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        stead.raw(head + body)
    yield stead
    stead.end()


def written(stead: Stead, file: Path, *command: str) -> Path:
    done = stead(*command, "--output", str(file))
    assert done.status == 0, done.err
    assert f"in {file}" in done.err
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    return file


def test_json_lines_are_what_json_prints(stead: Stead, tmp_path: Path) -> None:
    lines = written(stead, tmp_path / "all.jsonl", "events").read_text().splitlines()
    assert [json.loads(line) for line in lines] == stead.events()
    assert len(lines) == 36 * 3
    assert stead("events", "--format", "jsonl", "--limit", "5").objects == stead.events()[-5:]


def test_csv_has_every_key_of_every_row(stead: Stead, tmp_path: Path) -> None:
    with written(stead, tmp_path / "events.csv", "events").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == event_columns()
    for row, event in zip(rows, stead.events(), strict=True):
        assert {key for key, value in row.items() if value} == {
            key for key, value in event.items() if value not in (None, "")
        }
        assert all(_as_csv(event[key]) == row[key] for key in event)


def _as_csv(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value, separators=(",", ":")) if isinstance(value, (dict, list)) else str(value)


def test_requests_with_their_bytes(stead: Stead, tmp_path: Path) -> None:
    file = written(stead, tmp_path / "failed.csv", "requests", "--failed", "--payload")
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 4
    assert {base64.b64decode(row["payload"]) for row in rows} == {b"\xff\x00"}
    assert {row["outcome"] for row in rows} == {"failed"}


def test_parquet_has_types(stead: Stead, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    file = written(stead, tmp_path / "events.parquet", "events", "--limit", "6")
    table = parquet.read_table(file)
    rows: list[dict[str, Any]] = table.to_pylist()
    events = stead.events()[-6:]
    assert [row["id"] for row in rows] == [event["id"] for event in events]
    assert [dict(row["measurements"] or {}) for row in rows] == [event.get("measurements", {}) for event in events]
    assert [row["latitude"] for row in rows] == [event.get("latitude") for event in events]
    assert str(table.schema.field("receivedDate").type) == "timestamp[ms, tz=UTC]"
    file.unlink()
    requests = parquet.read_table(written(stead, tmp_path / "requests.parquet", "requests", "--payload"))
    assert requests.column("payload")[0].as_py() == b"\xff\x00"
    assert requests.num_rows == 40


def test_without_pyarrow_it_says_what_to_install(stead: Stead, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "pyarrow.py").write_text("raise ImportError('it is not here')\n")
    file = tmp_path / "events.parquet"
    done = subprocess.run(
        [*COMMAND, "events", "--home", str(stead.path), "--output", str(file)],
        env={**environment(), "PYTHONPATH": str(tmp_path / "without")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "pip install 'tidegate[parquet]'" in done.stderr
    assert not file.exists()


def test_a_file_that_is_there_is_left_alone(stead: Stead, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("mine")
    done = stead("events", "--output", str(file))
    assert done.status == 1
    assert "not overwritten" in done.err
    assert file.read_text() == "mine"
    assert "is a folder" in stead("events", "--output", str(tmp_path)).err
    assert stead("events", "--output", str(tmp_path / "no" / "x.csv")).status == 1
    assert stead("events", "--format", "parquet").status == 2
    assert stead("events", "--follow", "--format", "csv").status == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


HALF = """
import sys, time
from pathlib import Path
from core.cli.export import whole_file

with whole_file(Path(sys.argv[1])) as file:
    file.write(b"half of it")
    file.flush()
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_was_cancelled_never_looks_whole(tmp_path: Path, how: signal.Signals) -> None:
    file = tmp_path / "all.jsonl"
    command = [sys.executable, "-c", HALF, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as half:
        assert half.stdout is not None
        assert half.stdout.readline() == b"written\n"
        [partial] = tmp_path.iterdir()
        assert partial.read_bytes() == b"half of it"
        half.send_signal(how)
        assert half.wait(20) != 0
    left = [path.name for path in tmp_path.iterdir()]
    assert left == ([] if how == signal.SIGINT else [partial.name])
    assert partial.name.startswith(".all.jsonl.")
    assert partial.name.endswith(".partial")


def sockets(pid: int) -> int:
    """How many a process has open."""
    found = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += os.readlink(descriptor).startswith("socket:")
    return found


OF_A_LOOP = 2
"""Sockets that an event loop has of its own."""


def test_an_export_that_waits_for_its_engine_can_be_cancelled(stead: Stead, tmp_path: Path) -> None:
    engine = stead.engines[-1].pid
    os.kill(engine, signal.SIGSTOP)
    try:
        command = [*COMMAND, "events", "--home", str(stead.path), "--output", str(tmp_path / "all.jsonl")]
        with subprocess.Popen(command, env=environment()) as waiting:
            until(lambda: sockets(waiting.pid) > OF_A_LOOP, "it to wait")
            waiting.send_signal(signal.SIGINT)
            assert waiting.wait(20) == 130
    finally:
        os.kill(engine, signal.SIGCONT)
    assert list(tmp_path.iterdir()) == []
