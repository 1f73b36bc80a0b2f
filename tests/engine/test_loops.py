"""Workers serve on either loop: uvloop's where it is installed, asyncio's own where it is not."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.tidegate import until
from tests.engine.stead import Stead, body

HANGS = "def decode(payload, metadata, events, logger):\n    while payload == b'hang':\n        pass\n"


@pytest.mark.parametrize("installed", [True, False], ids=["uvloop", "asyncio"])
def test_a_worker_serves_counts_and_ends_on_either_loop(
    make_stead: Callable[..., Stead], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    if not installed:
        (tmp_path / "uvloop.py").write_text("raise ImportError\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    stead = make_stead(script=HANGS, decoder='timeout = "200 ms"')
    stead.serve()
    (worker,) = stead.workers()
    assert ("uvloop/loop" in Path(f"/proc/{worker}/maps").read_text()) is installed
    with socket.create_connection(("127.0.0.1", stead.port), timeout=10):
        assert stead.post(body("one")) == 200
        until(lambda: stead.source().detail["connections"] == 1, "the one that stays")
    until(lambda: stead.source().detail["connections"] == 0, "every place to be given back")
    began = time.monotonic()
    assert stead.post(b"hang") == 422
    assert time.monotonic() - began < 5
    assert stead.post(body("two")) == 200
    assert stead.workers() == [worker]
    stead.end()
    assert not Path(f"/proc/{worker}").exists()
