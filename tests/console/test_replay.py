"""Replaying from Live Traffic: a dry run first, then a question, and an undo."""

from pathlib import Path

from console.screens.replay import ReplayScreen
from core.control.replays import Replay, ReplayStatus
from tests.cli.tidegate import TUTORIAL_BODY, Homestead
from tests.console.test_live_traffic import body, go_to_traffic, post
from tests.console.walker import LARGE, Walker, walking

BETTER = """import json


def decode(payload, metadata, events, logger):
    message = json.loads(payload)
    events.measurements(message.get("id", "nobody"), {"rssi": message.get("rssi", 0) + 1})
"""


def save(home: Homestead, script: str) -> None:
    file: Path = home.path / "tenants" / "default" / "scripts" / "decode_lora.py"
    file.write_text(script)


async def replay_agreed(walker: Walker) -> None:
    """Waits for the dry run, and has it done."""
    await walker.sees("enter decodes them again")
    await walker.press("enter")
    await walker.sees("stay on record")
    await walker.press("r")
    await walker.until(lambda: is_done(walker.app.screen), "the end of the replay")


def is_done(screen: object) -> bool:
    status = screen.status if isinstance(screen, ReplayScreen) else None
    return status is not None and not status.dry_run and status.state == "done"


async def test_one_request_shows_what_would_change_and_then_its_decodes(home: Homestead) -> None:
    assert await post(home, TUTORIAL_BODY) == [200]
    save(home, BETTER)
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("rssi -111.0")
        await walker.press("r")
        await walker.sees("Which requests are decoded again?")
        await walker.press("r")
        await walker.sees("dry run: nothing is stored", "- 278998  Measurements  rssi -111.0", "+ 278998  Measurements")
        await walker.sees("1 request would be decoded again, 1 changed, 0 failed")
        await replay_agreed(walker)
        await walker.press("escape")
        await walker.sees("↻ 278998  Measurements  rssi -110.0")
        await walker.press("question_mark")
        await walker.sees("↻ stands before what a replay made")
        await walker.press("escape", "enter")
        await walker.sees("Decodes 2", "replayed")
        await walker.press("shift+tab")
        await walker.sees(
            "● current   decoded   replay", "○ superseded   decoded   when it was received", "rssi -111.0"
        )


async def test_marked_requests_are_mended_and_an_undo_takes_that_back(home: Homestead) -> None:
    assert await post(home, body("good"), b'{"rssi": 1}', b'{"rssi": 2}') == [200, 422, 422]
    save(home, BETTER)
    async with walking(home.path) as walker:
        screen = await go_to_traffic(walker)
        await walker.sees("3 shown")
        await walker.press("f")
        await walker.sees("2 shown")
        await walker.press("g", "m", "m")
        await walker.sees("2 requests marked: r replays")
        await walker.press("r")
        await walker.sees("- failed: decode_lora.py", "+ decoded", "2 mended")
        await replay_agreed(walker)
        assert [row["replayed"] for row in home("requests", "--json").objects] == [0, 1, 1]
        assert home("requests", "--failed", "--json").objects == []
        await walker.until(lambda: {row.outcome for row in screen.list.marked.values()} == {"decoded"}, "the list")
        await walker.press("u")
        await walker.sees("are current again")
        await walker.press("u")
        await walker.sees("2 decodes undone")
        assert len(home("requests", "--failed", "--json").objects) == 2


async def test_all_that_the_filter_lets_through(home: Homestead) -> None:
    await post(home, body("one"), body("two"), body("three"))
    save(home, BETTER)
    async with walking(home.path) as walker:
        await go_to_traffic(walker)
        await walker.sees("3 shown")
        await walker.press("slash")
        await walker.type("device:t*")
        await walker.press("enter")
        await walker.sees("2 shown")
        await walker.press("r")
        await walker.sees("All that match device:t*, of default")
        await walker.press("a")
        await walker.sees("2 requests would be decoded again, 2 changed")
        await walker.press("escape")
        await walker.until(lambda: not isinstance(walker.app.screen, ReplayScreen), "Live Traffic")
        assert all(row["replayed"] == 0 for row in home("requests", "--json").objects)


async def test_a_viewer_replays_nothing(home: Homestead) -> None:
    await post(home, body("one"))
    async with walking(home.path, readonly=True) as walker:
        await go_to_traffic(walker)
        await walker.sees("1 shown")
        await walker.press("r")
        await walker.sees("read-only")


async def command(walker: Walker, line: str) -> None:
    await walker.press("colon")
    await walker.type(line)
    await walker.press("enter")


async def test_the_command_lines_replay(home: Homestead) -> None:
    assert await post(home, body("good"), b'{"rssi": 1}', b'{"rssi": 2}') == [200, 422, 422]
    file = home.path / "better.py"
    file.write_text(BETTER)
    async with walking(home.path, LARGE) as walker:
        await walker.sees("Default Tenant")
        await command(walker, f"replay default --failed --source lora --since 1h --script {file} --dry-run")
        await walker.sees("source lora, failed, since 20", "with better.py", "dry run: nothing is stored")
        await walker.sees("2 requests would be decoded again", "2 mended")
        await replay_agreed(walker)
        assert [row["replayed"] for row in home("requests", "--json").objects] == [0, 1, 1]
        await walker.press("escape")
        await command(walker, "replay --list")
        await walker.sees("Replays", "default  done  source lora, failed")
        await walker.press("enter")
        await walker.sees("2 requests decoded again")
        replay = walker.app.screen
        assert isinstance(replay, ReplayScreen)
        assert replay.status is not None
        await walker.press("escape")
        await command(walker, f"replay --undo {replay.status.id}")
        await walker.sees("are current again")
        await walker.press("u")
        await walker.sees("2 decodes undone")
        assert len(home("requests", "--failed", "--json").objects) == 2


async def test_one_that_runs_is_stopped_and_goes_on_by_commands(home: Homestead) -> None:
    assert await post(home, *map(body, "abcdef")) == [200] * 6
    async with walking(home.path, LARGE) as walker:
        await walker.sees("Default Tenant")
        asked = Replay(tenant="default", rate=2)
        begun = await walker.app.session.link.call("replays.start", asked, ReplayStatus)
        await command(walker, f"replay --cancel {begun.id}")
        await walker.sees("stopped: ")
        assert home("replay", "--list", "--json").objects[0]["state"] == "cancelled"
        await command(walker, f"replay --resume {begun.id}")
        await walker.sees("6 requests decoded again")
        assert [row["replayed"] for row in home("requests", "--json").objects] == [1] * 6


async def test_what_the_command_does_not_take_is_said_beside_it(home: Homestead) -> None:
    async with walking(home.path, LARGE) as walker:
        await walker.sees("Default Tenant")
        await walker.press("colon")
        for line, said in (
            ("replay", "say which tenant's requests: replay TENANT"),
            ("replay defualt", "there is no tenant defualt; did you mean default?"),
            ("replay default --since soon", "--since: 'soon' is no time"),
            ("replay default --filter source:", "--filter: "),
            ("replay default --rate fast", "--rate: fast is no number"),
            ("replay default --rate 0", "--rate: give a number of requests a second"),
            ("replay default --script nowhere.py", "nowhere.py: No such file"),
            ("replay default --request 1 --failed", "--request: it names requests"),
            ("replay default --everything", "--everything is for the command line"),
            ("replay --list --undo 1", "--list stands alone"),
            ("replay --cancel 1", "there is no replay 1"),
        ):
            await walker.press("ctrl+u")
            await walker.type(line)
            await walker.press("enter")
            await walker.sees(said)
        await walker.press("escape")
    async with walking(home.path, LARGE, readonly=True) as walker:
        await walker.sees("Default Tenant")
        await command(walker, "replay default")
        await walker.sees("read-only")
        await walker.press("escape")
        await command(walker, "replay --list")
        await walker.sees("there has been no replay")
