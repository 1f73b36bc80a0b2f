"""What a 200 means is seen in a worker's calls of the kernel: all that it wrote was synced before it answered.

strace says which they were and in which order. Without it these tests are skipped: what they look at cannot be seen
from inside Python, where SQLite's calls do not pass.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.tidegate import COMMAND, PATIENCE, environment, until
from tests.engine.stead import Stead, body

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not there (Debian: apt install strace)"
)

CALL = re.compile(r"^(?P<pid>\d+) +(?:<\.\.\. (?P<resumed>\w+) resumed>|(?P<name>\w+)\((?P<given>.*))")
SENDS = ("sendto", "write", "writev")
"""With which of them an answer goes out is the loop's affair."""
RESULT = re.compile(r"= (-?\d+)")
PATH = re.compile(r"<(/[^>]*)>")
QUOTED = re.compile(r'"(/[^"]*)"')


@dataclass
class Call:
    """A call of the kernel as one line tells of it: that it began, that it ended, or both."""

    name: str
    path: str
    """Of the file that it is about."""
    given: str
    began: bool
    ended: bool
    succeeded: bool


def calls(trace: Path) -> Iterator[Call]:
    """The calls of a trace in order; one that another thread's came between is there twice."""
    waiting: dict[str, Call] = {}
    for line in trace.read_text(errors="replace").splitlines():
        if (found := CALL.match(line)) is None:
            continue
        result = RESULT.search(line.rpartition(")")[2])
        succeeded = result is not None and not result[1].startswith("-")
        if found["resumed"]:
            if (before := waiting.pop(found["pid"], None)) is not None:
                yield Call(before.name, before.path, before.given, False, True, succeeded)
            continue
        name, given = found["name"], found["given"]
        path = (QUOTED if name in ("mkdir", "openat") else PATH).search(given)
        call = Call(name, path[1] if path else "", given, True, "<unfinished" not in line, succeeded)
        if not call.ended:
            waiting[found["pid"]] = call
        yield call


@contextmanager
def traced(stead: Stead, trace: Path) -> Iterator[None]:
    """An engine, and all that it starts, whose calls are written down."""
    wanted = f"pwrite64,fsync,fdatasync,{','.join(SENDS)},mkdir,openat"
    strace = ["strace", "--seccomp-bpf", "-f", "-y", "-s", "64", "-e", f"trace={wanted}", "-o", str(trace)]
    engine = subprocess.Popen(
        [*strace, *COMMAND, "serve", "--home", str(stead.path)], stdout=subprocess.PIPE, env=environment()
    )
    assert engine.stdout is not None
    try:
        if engine.stdout.readline() != b"ready\n":
            engine.wait(PATIENCE)
            pytest.skip("strace may trace nothing here")
        yield
    finally:
        if engine.poll() is None:
            os.kill(int((stead.path / "data" / "engine.lock").read_text()), signal.SIGTERM)
        engine.wait(PATIENCE)
        engine.stdout.close()


def ask(port: int, count: int) -> list[bytes]:
    """Requests one after the other on one connection; what each was answered."""
    answers: list[bytes] = []
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as device:
        for number in range(count):
            payload = body(f"d{number}")
            device.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(payload), payload))
            answers.append(device.recv(4096))
    return answers


def test_an_answer_goes_out_after_its_row_was_synced_and_the_names_of_its_file_and_folders_too(
    make_stead: Callable[..., Stead], tmp_path: Path
) -> None:
    stead = make_stead()
    shutil.rmtree(stead.path / "data")
    trace = tmp_path / "trace"
    with traced(stead, trace):
        assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in ask(stead.port, 5))
    journal = str(stead.path / "data" / "journal")
    unsynced: set[str] = set()
    """Files, and folders with a new name in them, that were written and not synced since."""
    made: set[str] = set()
    synced: list[str] = []
    answers = 0
    for call in calls(trace):
        if call.ended and call.succeeded and makes(call) and is_needed(call.path, journal):
            if call.path not in made:  # or it is opened once more
                made.add(call.path)
                unsynced.add(str(Path(call.path).parent))
        elif call.began and call.name == "pwrite64" and is_needed(call.path, journal):
            unsynced.add(call.path)
        elif call.ended and call.succeeded and call.name in ("fsync", "fdatasync"):
            unsynced.discard(call.path)
            synced.append(call.path)
        elif call.began and call.name in SENDS and "HTTP/1.1 200" in call.given:
            answers += 1
            assert unsynced == set()
            assert any(path.endswith(".db-wal") and path.startswith(journal) for path in synced)
            if answers == 1:
                assert {str(stead.path / "data"), journal, f"{journal}/default", f"{journal}/default/lora"} <= set(
                    synced
                )
            synced.clear()
    assert answers == 5


def makes(call: Call) -> bool:
    return call.name == "mkdir" or (call.name == "openat" and "O_CREAT" in call.given)


def is_needed(path: str, journal: str) -> bool:
    """Whether what was answered for cannot be found without this file or folder of the home."""
    above = path in journal and path.startswith(journal.rpartition("/")[0])
    return above or (path.startswith(journal) and not path.endswith(("-shm", "-journal")))


def test_a_request_whose_sync_fails_is_not_acknowledged_and_its_segment_is_left(
    make_stead: Callable[..., Stead], tmp_path: Path
) -> None:
    stead = make_stead()
    stead.serve()
    (worker,) = stead.workers()
    assert stead.post(body("before")) == 200
    (first,) = (stead.path / "data" / "journal").glob("*/*/*.db")
    said = tmp_path / "said"
    with said.open("wb") as words:
        strace = subprocess.Popen(
            ["strace", "-f", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=1", "-p", str(worker)],
            stderr=words,
        )
        try:
            until(lambda: strace.poll() is not None or b" attached" in said.read_bytes(), "strace")
            if strace.poll() is not None:
                pytest.skip(f"strace may trace nothing here: {said.read_text().strip()}")
            assert stead.post(body("lost")) == 503
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait(PATIENCE)
    size = first.with_name(first.name + "-wal").stat().st_size
    until(lambda: stead.post(body("after")) == 200, "another segment")
    assert {"before", "after"} <= {event["hardwareId"] for event in stead.events()}
    assert len(list(first.parent.glob("*.db"))) == 2
    log = first.with_name(first.name + "-wal")
    assert not log.exists() or log.stat().st_size == size
    assert max(stead.journal_ids().values()) == 1
