"""The frame: roles, the engine that goes away, quitting, the palette, the `:` line, keys that come all at once."""

import asyncio
from pathlib import Path

import pytest
from textual import events

from console import embedded
from core.errors import TidegateError
from tests.cli.tidegate import Homestead, tidegate
from tests.console.test_forms import open_lora
from tests.console.walker import walking


@pytest.fixture
def home(restored_home: Homestead) -> Homestead:
    return restored_home


async def test_a_console_that_may_change_nothing_says_so(home: Homestead) -> None:
    async with walking(home.path, readonly=True) as walker:
        await walker.sees("1 of 1", "locked")
        await walker.press("a")
        await walker.sees("this console is read-only")
        await walker.press("S")
        await open_lora(walker)
        await walker.press("tab", "9")
        await walker.sees("this console is read-only")
        await walker.press("ctrl+s")
        assert not (home.path / "tenants" / "default" / "staged.toml").exists()


async def test_an_engine_that_goes_away_leaves_the_screens_and_comes_back(own_home: Homestead) -> None:
    async with walking(own_home.path) as walker:
        await open_lora(walker)
        own_home.engines[0].terminate()
        own_home.engines[0].wait()
        await walker.sees("engine ✕ gone since", "reconnecting", "Source id")
        await walker.press("tab", "tab", "tab", "7", "ctrl+s")
        await walker.sees("the engine is away")
        await asyncio.to_thread(own_home.serve)
        await walker.sees("engine ●", "Source id")
        assert " 7 " in walker.line("Number of threads")


async def test_every_screen_and_action_is_in_the_palette(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("ctrl+p")
        await walker.sees("Search for commands")
        for title in ("Live Traffic", "New Tenant", "Engine State"):
            await walker.type(title)
            await walker.until(lambda title=title: walker.screen.count(title) > 1, title)
            for _ in title:
                await walker.press("backspace")
        await walker.type("New Tenant")
        await walker.sees("makes a tenant")
        await walker.press("enter")
        await walker.sees("Tenant Id", "escape Cancel")


async def test_help_says_what_can_be_done_here(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("question_mark")
        await walker.sees("What can be done here", "New Tenant: makes a tenant")
        await walker.press("escape", "f1")
        await walker.sees("The tenants of this engine.")


async def test_commands_are_the_command_lines_own(home: Homestead) -> None:
    staged = home.path / "tenants" / "default" / "staged.toml"
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("colon")
        await walker.type("set default event_sources/lora threads=200")
        await walker.press("enter")
        await walker.sees("threads: 200 is more than 64")
        for _ in "200":
            await walker.press("backspace")
        await walker.type("3")
        await walker.press("enter")
        await walker.sees("staged: p shows what it means")
        assert "threads = 3" in staged.read_text()
        await walker.press("colon")
        await walker.type("di")
        await walker.sees("  diff", "  discard")
        await walker.type("sc")
        await walker.press("tab")
        await walker.type("de")
        await walker.press("tab", "enter")
        await walker.sees("discarded all that was staged")
        assert not staged.exists()
        await walker.press("colon")
        await walker.type("add default event_sources socket id=tracker port=1")
        await walker.press("enter")
        await walker.sees("staged: p shows what it means")
        await walker.press("colon", "up")
        await walker.sees("id=tracker")
        await walker.press("escape", "colon")
        await walker.type("discrad default")
        await walker.press("enter")
        await walker.sees("discrad is no command; did you mean discard?")
        await walker.press("escape", "colon")
        await walker.type("default/lora")
        await walker.press("enter")
        await walker.sees("Socket Event Source (lora)", "Number of threads")
        await walker.press("escape", "colon")
        await walker.type("requests --source lora --failed")
        await walker.press("enter")
        await walker.sees("Live Traffic", "source:lora outcome:failed")


async def test_keys_that_come_all_at_once_act_in_order(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        keys = ["enter", "down", "enter", "a", *"soc", "enter", *"tracker", "tab", *"1234", "escape"]
        for key in keys:
            walker.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await walker.sees("Socket Event Source (tracker)", "port 1234")


async def test_signs_are_ascii_where_that_is_asked_for(home: Homestead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_ASCII", "1")
    async with walking(home.path) as walker:
        await walker.sees("* Started", " > Default Tenant")


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Homestead:
    """A home whose engine a console has started, as the console starts it."""
    homestead = Homestead(tmp_path / "home", 0)
    homestead.path.mkdir()
    return homestead


async def test_quitting_asks_whether_the_embedded_engine_stops(started: Homestead) -> None:
    await embedded.start(started.path)
    async with walking(started.path) as walker:
        await walker.sees("embedded", "Tenant Id")
        await walker.press("escape", "q")
        await walker.sees("Stop the engine and quit", "Leave it running and quit")
        await walker.press("l")
        await walker.until(lambda: not walker.app.is_running, "the console to end")
    async with walking(started.path) as walker:
        await walker.sees("embedded", "Tenant Id")
        await walker.press("ctrl+q")
        await walker.sees("Stop the engine and quit")
        await walker.press("enter")
        await walker.until(lambda: not walker.app.is_running, "the console to end")
    with pytest.raises(embedded.EngineGone):
        await embedded.reach(started.path)


async def test_an_engine_that_cannot_start_is_told_with_its_log(started: Homestead) -> None:
    (started.path / "instance.toml").write_text("[control\n")
    with pytest.raises(TidegateError, match="the engine ended with status 1") as caught:
        await embedded.start(started.path)
    assert "instance.toml" in str(caught.value)


def test_a_read_only_console_starts_no_engine(started: Homestead) -> None:
    ended = tidegate("--home", str(started.path), "--readonly")
    assert ended.status == 1
    assert not (started.path / "data" / "control.sock").exists()
