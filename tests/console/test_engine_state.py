"""Engine State on a real engine: what runs, what does not and why, starting and stopping."""

import os
import signal
import socket

import pytest

from console.screens.state import EngineState
from console.screens.traffic import LiveTraffic
from tests.cli.tidegate import Homestead
from tests.console.test_live_traffic import body, post
from tests.console.walker import LARGE, SMALL, Walker, walking


async def go_to_state(walker: Walker) -> EngineState:
    await walker.sees("Default Tenant")
    await walker.press("5")
    await walker.sees("Socket Event Source (lora)", "Worker 1")
    assert isinstance(walker.app.screen, EngineState)
    return walker.app.screen


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
async def test_the_tree_says_what_runs(home: Homestead, size: tuple[int, int]) -> None:
    async with walking(home.path, size) as walker:
        await go_to_state(walker)
        await walker.sees("HTTP Socket Interaction Handler Factory", "Python Binary Event Decoder  decode_lora.py")
        assert "● Started" in walker.line("Default Tenant")
        assert f"port {home.port}" in walker.line("Socket Event Source (lora)")
        assert "pid " in walker.line("Worker 1")
        await post(home, body(1), b'{"no": 1}')
        await walker.until(lambda: "1 failed" in walker.line("(lora)"), "the failure to be counted")


async def test_a_wide_terminal_says_all_that_is_known(shared_home: Homestead) -> None:
    async with walking(shared_home.path, LARGE) as walker:
        await go_to_state(walker)
        await walker.press("down", "down")
        await walker.sees("path", "default/lora", "over the last five seconds", "in the last ten minutes")


async def test_a_source_is_stopped_and_started_and_the_cursor_stays(home: Homestead) -> None:
    async with walking(home.path) as walker:
        screen = await go_to_state(walker)
        await walker.press("j", "j")
        assert screen.states.current is not None
        assert screen.states.current.path == "default/lora"
        await walker.press("S")
        await walker.sees("Stop Source?")
        await walker.press("s")
        await walker.until(lambda: "○ Stopped" in walker.line("Socket Event Source (lora)"), "it to stop")
        assert "▸" in walker.line("Socket Event Source (lora)")
        await walker.press("S")
        await walker.until(lambda: "● Started" in walker.line("Socket Event Source (lora)"), "it to start")
        await walker.sees("Worker 1")
        assert await post(home, body(1)) == [200]


async def test_an_error_says_why_and_is_found_with_a_key(home: Homestead) -> None:
    async with walking(home.path) as walker:
        screen = await go_to_state(walker)
        await walker.press("n")
        await walker.sees("no component is in error")
        await walker.press("j", "j", "S", "s")
        await walker.until(lambda: "○ Stopped" in walker.line("Socket Event Source (lora)"), "it to stop")
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind(("127.0.0.1", home.port))
            taken.listen()
            await walker.press("S")
            await walker.sees("✕ Error", f"port {home.port} is taken")
            await walker.press("home", "n", "n")
            assert screen.states.current is not None
            assert screen.states.current.state == "error"


async def test_a_worker_that_dies_is_replaced_under_the_cursor(home: Homestead) -> None:
    async with walking(home.path) as walker:
        screen = await go_to_state(walker)
        await walker.press("end")
        node = screen.states.current
        assert node is not None
        assert node.kind == "worker"
        pid = int(node.detail["pid"])
        os.kill(pid, signal.SIGKILL)
        await walker.until(
            lambda: "pid " in walker.line("Worker 1") and f"pid {pid} " not in walker.line("Worker 1"), "a new worker"
        )


async def test_enter_shows_the_traffic_of_a_source_and_the_details_of_a_worker(shared_home: Homestead) -> None:
    await post(shared_home, body("a-device"))
    async with walking(shared_home.path) as walker:
        await go_to_state(walker)
        await walker.press("end", "enter")
        await walker.sees("Worker 1", "default/lora/worker-1")
        await walker.press("escape", "home", "down", "down", "enter")
        await walker.until(lambda: isinstance(walker.app.screen, LiveTraffic), "Live Traffic")
        await walker.sees("source:lora", "a-device", "default › Live Traffic")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
async def test_what_requests_cost_stands_in_the_details_of_their_source(home: Homestead, size: tuple[int, int]) -> None:
    await post(home, body(1), body(2))
    async with walking(home.path, size) as walker:
        screen = await go_to_state(walker)
        await walker.press("down", "down")
        await walker.until(lambda: (node := screen.states.current) is not None and node.costs is not None, "costs")
        await walker.press("v")
        await walker.press("end")
        await walker.sees("p50", "p95", "p99", "ms, since start", "interact", "rows a commit")
        await walker.press("home")
        await walker.sees("2 since the engine started")
        await post(home, body(3))
        await walker.sees("3 since the engine started")
        await walker.press("escape")
        await walker.until(lambda: walker.app.screen is screen, "the tree")
        await post(home, body(4))
        await walker.until(
            lambda: (node := screen.states.current) is not None and node.requests == 4, "the tree to go on"
        )


async def test_the_index_is_built_anew_on_a_key(home: Homestead) -> None:
    await post(home, body(1))
    index = home.path / "data" / "index.db"
    before = index.stat().st_ino
    async with walking(home.path) as walker:
        await go_to_state(walker)
        await walker.press("R")
        await walker.sees("Build the index anew")
        await walker.press("r")
        await walker.sees("the index was built anew")
        assert index.stat().st_ino != before
        await walker.press("question_mark")
        await walker.press("end")
        await walker.sees("Reindex")
        await walker.press("escape", "colon")
        await walker.press(*"reindex", "enter")
        await walker.sees("Engine State (5) says how far that is")
    assert await post(home, body(2)) == [200]
