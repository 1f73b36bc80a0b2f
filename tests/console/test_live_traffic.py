"""Live Traffic on a real engine with real posts."""

import asyncio
import base64
import http.client
import json
from pathlib import Path

import pytest

from console.screens.traffic import LiveTraffic
from tests.cli.tidegate import PATIENCE, TUTORIAL_BODY, Homestead
from tests.console.walker import LARGE, SMALL, Walker, walking

ESCAPES = "\x1b]0;owned\x07\x1b[2J"


def body(device: object) -> bytes:
    return json.dumps({"id": device, "rssi": -111, "snr": -6}).encode()


async def post(home: Homestead, *bodies: bytes, path: str = "/lora") -> list[int]:
    """Posts these one after the other on one connection; the statuses."""

    def send() -> list[int]:
        connection = http.client.HTTPConnection("127.0.0.1", home.port, timeout=PATIENCE)
        statuses: list[int] = []
        for each in bodies:
            connection.request("POST", path, each, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        connection.close()
        return statuses

    return await asyncio.to_thread(send)


async def go_to_traffic(walker: Walker) -> LiveTraffic:
    await walker.sees("Default Tenant")
    await walker.press("2")
    await walker.until(lambda: isinstance(walker.app.screen, LiveTraffic), "Live Traffic")
    assert isinstance(walker.app.screen, LiveTraffic)
    return walker.app.screen


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
async def test_what_was_kept_is_there_and_what_comes_is_added(home: Homestead, size: tuple[int, int]) -> None:
    assert await post(home, TUTORIAL_BODY, b'{"no": 1}') == [200, 422]
    async with walking(home.path, size) as walker:
        await go_to_traffic(walker)
        await walker.sees("278998  Measurements  rssi -111.0  snr -6.0", "2 shown, 0 left out", "following")
        assert "✕ decode_lora.py:" in walker.line("JSON is missing the id")
        assert "POST /lora" in walker.line(" 422 ")
        await post(home, body("new-device"))
        await walker.sees("new-device", "3 shown, 0 left out")


async def test_nothing_has_arrived_yet(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("nothing has arrived yet", "0 shown")


async def test_pausing_counts_what_comes_and_keeps_the_current_row(home: Homestead) -> None:
    await post(home, *(body(f"early-{number}") for number in range(5)))
    async with walking(home.path) as walker:
        screen = await go_to_traffic(walker)
        await walker.sees("early-4")
        await walker.press("up", "up")
        await walker.sees("paused")
        await post(home, *(body(f"late-{number}") for number in range(20)))
        await walker.sees("paused, 20 since")
        current = screen.list.current
        assert current is not None
        assert current.decoded[0].device == "early-2"
        assert "▸" in walker.screen.splitlines()[walker.screen.splitlines().index(walker.line("early-2")) - 1]
        await walker.press("space")
        await walker.sees("following", "late-19")


async def test_a_filter_is_checked_while_it_is_typed_and_applied_by_the_engine(home: Homestead) -> None:
    await post(home, body("good-1"), b'{"no": 1}')
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("good-1")
        await walker.press("slash")
        await walker.type("device:good-1 sorce:x")
        await walker.sees("no field is called sorce: did you mean source:?")
        lines = walker.screen.splitlines()
        arrow = next(line for line in lines if "↑" in line)
        typed = walker.line("device:good-1 sorce:x")
        assert arrow.index("↑") == typed.index("sorce")
        await walker.press("enter")
        await walker.sees("sorce:x")
        for _ in "sorce:x":
            await walker.press("backspace")
        await walker.press("enter")
        await walker.sees("1 shown", "good-1")
        await walker.sees_no("JSON is missing")
        await post(home, body("good-2"), body("good-1"))
        await walker.sees("2 shown")
        assert "good-2" not in walker.screen


async def test_filters_are_remembered_and_failed_only_is_one_of_them(home: Homestead) -> None:
    await post(home, body("good-1"), b'{"no": 1}')
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("2 shown")
        await walker.press("f")
        await walker.sees("-outcome:decoded", "1 shown")
        await walker.sees_no("good-1")
        await walker.press("f")
        await walker.sees("2 shown", "good-1")
        await walker.press("slash", "up")
        await walker.sees("/ -outcome:decoded")
        await walker.press("escape")
        await walker.sees_no("-outcome:decoded")


async def test_scrolling_back_fetches_what_has_passed(home: Homestead) -> None:
    await post(home, *(body(f"device-{number}") for number in range(700)))
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("500 shown", "device-699")
        await walker.press("home")
        await walker.sees("700 shown", "device-200 ")
        await walker.press("home")
        await walker.sees("device-0 ")


async def test_requests_are_copied_and_saved(home: Homestead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").write_text("kept")
    await post(home, body("first"), body("second"), body("third"))
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("3 shown", "third")
        await walker.press("y")
        await walker.sees("1 request copied, ")
        copied = json.loads(walker.app.clipboard)
        assert f"copied, {len(walker.app.clipboard.encode()):,} B" in walker.screen
        assert copied["outcome"] == "decoded"
        await walker.press("home", "m", "m")
        await walker.sees("2 requests marked")
        await walker.press("w")
        await walker.sees("Save 2 requests")
        await walker.press("ctrl+u")
        await walker.type("old")
        await walker.sees("not overwritten")
        await walker.press("enter", "backspace", "backspace", "backspace")
        await walker.type("new")
        await walker.press("enter")
        await walker.sees("2 requests saved to new")
        saved = [json.loads(line) for line in (tmp_path / "new").read_text().splitlines()]
        assert [base64.b64decode(each["payload"]) for each in saved] == [body("first"), body("second")]
        assert (tmp_path / "old").read_text() == "kept"


async def test_an_engine_that_went_away_and_came_back_has_left_no_gap(home: Homestead) -> None:
    await post(home, body("before"))
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("before")
        await walker.press("up")
        home.engines[0].terminate()
        await walker.sees("reconnecting")
        assert "before" in walker.screen
        await asyncio.to_thread(home.engines[0].wait, PATIENCE)
        await asyncio.to_thread(home.serve)
        await post(home, body("while-away"))
        await walker.sees_no("reconnecting")
        await walker.press("G")
        await walker.sees("while-away")
        await post(home, body("after"))
        await walker.sees("after  Measurements")


async def test_whose_traffic_is_shown_can_be_chosen(home: Homestead) -> None:
    await post(home, body("mine"))
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("mine")
        await walker.press("T")
        await walker.sees("Whose traffic is shown?", "Default Tenant")
        await walker.press("1")
        await walker.sees("default › Live Traffic", "mine")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
async def test_what_a_device_sends_does_not_steer_the_terminal(home: Homestead, size: tuple[int, int]) -> None:
    await post(home, body(f"dev{ESCAPES}ice"), body(f"[red]{ESCAPES}[/red]"), f'{{"{ESCAPES}'.encode())
    async with walking(home.path, size) as walker:
        await go_to_traffic(walker)
        await walker.sees("dev␛]0;owned␇␛[2Jice", "[red]")
        for key in ("up", "enter", "tab", "tab", "tab"):
            assert all(char.isprintable() or char == "\n" for char in walker.screen)
            await walker.press(key)
        await walker.sees("Events")
        assert all(char.isprintable() or char == "\n" for char in walker.screen)


async def test_a_wide_terminal_shows_the_current_request_beside_the_list(home: Homestead) -> None:
    await post(home, TUTORIAL_BODY, b'{"no": 1}')
    async with walking(home.path, LARGE) as walker:
        await go_to_traffic(walker)
        await walker.sees('"no": 1', "✕ failed   422")
        await walker.press("up")
        await walker.sees('"rssi": -111', "● decoded   200")
        await walker.press("tab", "tab")
        await walker.sees("┌ Head ┐", "Content-Type: application/json")
        await walker.press("escape", "down")
        await walker.sees("✕ failed   422")
