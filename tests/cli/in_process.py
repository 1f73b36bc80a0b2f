"""Runs a command in the tests' own process, where starting one is not what is tested: the same entry point, the same
streams and environment, the same exit status, for a tenth of the time."""

import io
import os
import sys
import threading
import time

from console.main import main

PROCESSES = ("serve", "demo", "send", "control", "backup")
"""Commands that take signals, go on until they are stopped or give way to others: those are processes of their own."""


def run(arguments: tuple[str, ...], input: bytes, environment: dict[str, str], patience: float) -> tuple[int, str, str]:
    """Exit status, stdout and stderr. In a thread, for a test's own event loop may be running."""
    ended: list[object] = []

    def work() -> None:
        try:
            main()
        except SystemExit as end:
            ended.append(end.code)

    streams = [io.TextIOWrapper(io.BytesIO(data), "utf-8", write_through=True) for data in (input, b"", b"")]
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr, dict(os.environ)
    _become(["tidegate", *arguments], *streams, environment)
    try:
        thread = threading.Thread(target=work, name="tidegate", daemon=True)
        thread.start()
        thread.join(patience)
        alive = thread.is_alive()
    finally:
        _become(*before)
    assert not alive, f"tidegate {' '.join(arguments)} took longer than {patience} s"
    out, err = (_written(stream) for stream in streams[1:])
    (status,) = ended or [1]
    return status if isinstance(status, int) else 0, out, err


def _become(
    argv: list[str],
    stdin: io.TextIOBase,
    stdout: io.TextIOBase,
    stderr: io.TextIOBase,
    environment: dict[str, str],
) -> None:
    sys.argv, sys.stdin, sys.stdout, sys.stderr = argv, stdin, stdout, stderr  # pyright: ignore[reportAttributeAccessIssue]
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.detach()
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
