"""Runs the real command, in real processes where processes matter."""

import contextlib
import json
import os
import pty
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli import in_process

COMMAND = [sys.executable, "-m", "console.main"]
PATIENCE = 30.0
"""Seconds after which a test gives up on what it waits for; nothing takes near as long."""

TUTORIAL_BODY = (
    b'{"deveui":"hex","dataFrame":"AB==","port":1,\n  "timestamp":"2015-02-11 10:33:00.578","fcnt":138,"rssi":-111,'
    b'"snr":-6,"sf_used":"8","id":278998,"live":true,"decrypted":false}'
)


@dataclass
class Finished:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[Any]:
        """stdout, read as JSON one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**changes: str) -> dict[str, str]:
    """The tests' environment without what would lead a command to somebody's own home or colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIDEGATE_", "_TIDEGATE"))}
    return kept | {"TZ": "UTC", "COLUMNS": "120"} | changes


def tidegate(*arguments: str, input: bytes = b"", **variables: str) -> Finished:
    """Runs a command to its end, in this process where that makes no difference."""
    if not arguments or arguments[0] in in_process.PROCESSES:
        return in_a_process(*arguments, input=input, **variables)
    return Finished(*in_process.run(arguments, input, environment(**variables), PATIENCE))


def in_a_process(*arguments: str, input: bytes = b"", **variables: str) -> Finished:
    """Runs a command to its end, in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *arguments], input=input, capture_output=True, timeout=PATIENCE, env=environment(**variables)
    )
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


@dataclass
class Homestead:
    """A home under test, with the commands that work on it."""

    path: Path
    port: int
    engines: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def __call__(self, *arguments: str, input: bytes = b"") -> Finished:
        return tidegate(*arguments, "--home", str(self.path), input=input)

    def serve(self) -> subprocess.Popen[bytes]:
        """Starts an engine and waits until it is ready."""
        engine = subprocess.Popen(
            [*COMMAND, "serve", "--home", str(self.path)], stdout=subprocess.PIPE, env=environment()
        )
        self.engines.append(engine)
        assert engine.stdout is not None
        assert engine.stdout.readline() == b"ready\n"
        return engine

    def post(self, body: bytes, path: str = "/lora") -> int:
        """A device's POST; the status it is answered with."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", body, {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code

    def end(self) -> None:
        for engine in self.engines:
            if engine.poll() is None:
                engine.terminate()
            try:
                engine.wait(PATIENCE)
            finally:
                engine.kill()
                if engine.stdout:
                    engine.stdout.close()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(true: Callable[[], bool], what: str) -> None:
    """Waits until something holds."""
    deadline, pause = time.monotonic() + PATIENCE, 0.01
    while not true():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(pause)
        pause = min(pause * 1.3, 0.1)  # who is asked has something else to do


def in_terminal(*arguments: str, **variables: str) -> tuple[int, str]:
    """Runs a command on a terminal of its own; its status and all that was written there."""
    near, far = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=far, stdout=far, stderr=far, env=environment(TERM="xterm-256color", **variables)
    )
    os.close(far)
    written = b""
    with contextlib.suppress(OSError):  # EIO is how a terminal's end is read
        while piece := os.read(near, 65536):
            written += piece
    os.close(near)
    return process.wait(PATIENCE), written.decode()
