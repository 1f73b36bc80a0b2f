"""One request, whole, on a real engine."""

import asyncio
import base64
import json
import time
from pathlib import Path

import pytest

from console.screens.request import OneRequest
from tests.cli.tidegate import PATIENCE, TUTORIAL_BODY, Homestead
from tests.console.test_live_traffic import body, go_to_traffic, post
from tests.console.walker import Walker, walking

MANY_EVENTS = """
def decode(payload, metadata, events, logger):
    for number in range(300):
        events.measurements(f"device-{number}", {"rssi": -111})
"""


async def open_newest(walker: Walker) -> None:
    await go_to_traffic(walker)
    await walker.sees("shown", "▸")
    await walker.press("enter")
    await walker.until(lambda: isinstance(walker.app.screen, OneRequest), "the request")
    screen = walker.app.screen
    assert isinstance(screen, OneRequest)
    await walker.until(lambda: screen.view.detail, "the request to be fetched")


async def test_a_good_request_shows_its_body_head_log_events_and_times(shared_home: Homestead) -> None:
    await post(shared_home, TUTORIAL_BODY)
    async with walking(shared_home.path) as walker:
        await open_newest(walker)
        await walker.sees("● decoded   200   lora   127.0.0.1:", f"{len(TUTORIAL_BODY)} B", '"deveui": "hex",')
        assert '00000000  7b 22 64 65 76 65 {"deve' in walker.line("00000000")
        await walker.press("tab")
        await walker.sees("┌ Head ┐", "POST /lora HTTP/1.1", "Content-Type: application/json", "http.path")
        await walker.press("tab")
        await walker.sees("┌ Decode log ┐", "INFO device 278998")
        await walker.press("tab")
        await walker.sees("┌ Events 1 ┐", '"hardwareId": "278998"', '"rssi": -111.0')
        await walker.press("right")
        await walker.sees("┌ Timing ┐", "from the last byte received", "200, after the commit")
        await walker.press("right")
        await walker.sees("┌ Body ┐", '"deveui": "hex",')
        await walker.press("escape")
        await walker.sees("Live Traffic", " shown, 0 left out")


async def test_a_failed_request_is_shown_as_plainly_with_its_bytes(shared_home: Homestead) -> None:
    await post(shared_home, b'{"no": 1}')
    async with walking(shared_home.path) as walker:
        await open_newest(walker)
        await walker.sees("✕ failed   422   lora", "kept", "JSON is missing the id", '"no": 1')
        await walker.press("shift+tab", "shift+tab")
        await walker.sees("no events: the decode failed")


async def test_a_body_is_shown_as_json_as_text_and_as_bytes(shared_home: Homestead) -> None:
    await post(shared_home, b'{"id":   7}')
    async with walking(shared_home.path) as walker:
        await open_newest(walker)
        await walker.sees('  "id": 7')
        await walker.press("v")
        await walker.sees('{"id":   7}', "the body as text")
        await walker.press("v")
        await walker.sees("7b 22 69 64 22 3a 20 20 20 37 7d", "the body as bytes")
        await walker.press("v")
        await walker.sees('  "id": 7')


async def test_binary_is_shown_as_bytes(shared_home: Homestead) -> None:
    await post(shared_home, bytes(range(256)))
    async with walking(shared_home.path) as walker:
        await open_newest(walker)
        await walker.sees("00000000  00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f")


async def test_a_large_body_is_cut_and_says_so(
    shared_home: Homestead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    payload = b"line of text\n" * 40_000
    await post(shared_home, payload)
    async with walking(shared_home.path) as walker:
        await open_newest(walker)
        await walker.sees("line of text")
        await walker.press("G")
        await walker.sees(f"… {len(payload) - 256 * 1024:,} more; w saves all")
        await walker.press("w")
        await walker.sees("Save payload")
        await walker.press("ctrl+u")
        await walker.type("all")
        await walker.press("enter")
        await walker.sees("payload saved to all")
        assert (tmp_path / "all").read_bytes() == payload


async def test_what_is_shown_can_be_searched(shared_home: Homestead) -> None:
    lines = [f"line {number} of many" for number in range(200)]
    lines[150] += " with a needle"
    lines[190] += " and a NEEDLE"
    await post(shared_home, "\n".join(lines).encode())
    async with walking(shared_home.path) as walker:
        await open_newest(walker)
        await walker.press("slash")
        await walker.type("needle")
        await walker.press("enter")
        await walker.sees("1 of 2", "line 150 of many with a needle")
        await walker.press("n")
        await walker.sees("2 of 2", "line 190 of many and a NEEDLE")
        await walker.press("N")
        await walker.sees("1 of 2")
        await walker.press("escape")
        await walker.sees_no("1 of 2")
        assert isinstance(walker.app.screen, OneRequest)


async def test_next_and_previous_go_through_the_list(home: Homestead) -> None:
    await post(home, body("first"), body("second"), body("third"))
    async with walking(home.path) as walker:
        await open_newest(walker)
        await walker.sees('"id": "third"')
        await walker.press("N")
        await walker.sees('"id": "second"')
        await walker.press("N")
        await walker.sees('"id": "first"')
        await walker.press("N")
        await walker.sees("this is the oldest request")
        await walker.press("n")
        await walker.sees('"id": "second"')
        await walker.press("escape")
        await walker.sees("3 shown")
        lines = walker.screen.splitlines()
        assert "▸" in lines[lines.index(walker.line("second")) - 1]


async def test_what_is_shown_is_copied_and_the_whole_saved(
    shared_home: Homestead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await post(shared_home, body("one"))
    async with walking(shared_home.path) as walker:
        await open_newest(walker)
        await walker.press("y")
        await walker.sees(f"payload copied, {len(body('one'))} B")
        assert walker.app.clipboard.encode() == body("one")
        await walker.press("tab", "y")
        await walker.sees("head copied")
        assert "POST /lora HTTP/1.1" in walker.app.clipboard
        await walker.press("w", "ctrl+u")
        await walker.type("whole")
        await walker.press("enter")
        await walker.sees("request saved to whole")
        saved = json.loads((tmp_path / "whole").read_text())
        assert base64.b64decode(saved["payload"]) == body("one")
        assert saved["outcome"] == "decoded"


async def test_many_events_are_cut_on_the_screen_and_saved_whole(
    home: Homestead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = next(home.path.glob("tenants/*/scripts/*.py"))
    script.write_text(MANY_EVENTS)
    monkeypatch.chdir(tmp_path)
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        deadline = time.monotonic() + PATIENCE
        while "+299 more" not in walker.screen:  # until the script that was just saved acts
            assert time.monotonic() < deadline
            await post(home, b"{}")
            await walker.sees("shown")
        await walker.press("G", "enter")
        await walker.sees("Events 300")
        await walker.press("shift+tab", "shift+tab", "G")
        await walker.sees("… 100 more; w saves all")
        await walker.press("w", "ctrl+u")
        await walker.type("all")
        await walker.press("enter")
        await walker.sees("events saved to all")
        saved = [json.loads(line) for line in (tmp_path / "all").read_text().splitlines()]
        assert [event["hardwareId"] for event in saved] == [f"device-{number}" for number in range(300)]


async def test_the_decoders_script_opens_in_the_editor_and_acts_when_saved(
    home: Homestead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "# edited" >> "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    await post(home, body("one"))
    async with walking(home.path) as walker:
        await open_newest(walker)
        await walker.press("e")
        await walker.sees("saved decode_lora.py; it acts at once")
        script = next(home.path.glob("tenants/*/scripts/*.py"))
        await walker.until(lambda: "# edited" in script.read_text(), "the script to be saved")


async def test_a_request_that_is_gone_is_said_to_be(home: Homestead) -> None:
    await post(home, body("one"))
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("one  Measurements")
        home.engines[0].terminate()
        await asyncio.to_thread(home.engines[0].wait, 30)
        await walker.sees("reconnecting")
        await walker.press("enter")
        await walker.sees("● decoded   200", "the engine is away")
