"""A worker that has no file descriptor left for a connection says so, and goes on when it has."""

import contextlib
import os
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.tidegate import until
from tests.engine.stead import Stead, body

CONNECTIONS = 60


@contextlib.contextmanager
def limited(worker: int, spare: int) -> Iterator[None]:
    """The worker may have so many descriptors beside those that it has."""
    before = resource.prlimit(worker, resource.RLIMIT_NOFILE)
    most = max(int(name) for name in os.listdir(f"/proc/{worker}/fd")) + 1 + spare
    resource.prlimit(worker, resource.RLIMIT_NOFILE, (most, before[1]))
    yield
    resource.prlimit(worker, resource.RLIMIT_NOFILE, before)


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connections(stead: Stead) -> int:
    """Those that are open, and those that were refused."""
    source = stead.source()
    opened: int = source.detail["connections"]
    return opened + source.refused


@pytest.mark.parametrize("spare", [16 + 5, 0], ids=["nearly full", "full"])
def test_a_connection_without_a_descriptor_is_reset_and_recorded(make_stead: Callable[..., Stead], spare: int) -> None:
    stead = make_stead()
    stead.serve()
    (worker,) = stead.workers()
    with limited(worker, spare), contextlib.ExitStack() as held:
        for _ in range(CONNECTIONS):
            with contextlib.suppress(ConnectionResetError):  # it was reset already
                held.enter_context(socket.create_connection(("127.0.0.1", stead.port), timeout=10))
        until(lambda: connections(stead) == CONNECTIONS, "every one to be taken or refused")
        assert stead.source().refused >= 30
        assert cpu_seconds(worker) < 10  # it does not spin
    rows = [row for row in stead.requests("--refused") if "no file descriptor" in row["reason"]]
    assert 0 < len(rows) < CONNECTIONS  # the rest are only counted
    until(lambda: stead.post(body("after")) == 200, "a place")
    assert stead.workers() == [worker]
