"""A backup from the console: its file, its faults beside the field, its end before its time."""

import os
import signal
from pathlib import Path

from textual.widgets import Static

from console.screens.state import EngineState
from tests.cli.tidegate import Homestead, tidegate
from tests.console.test_engine_state import go_to_state
from tests.console.test_live_traffic import body, post
from tests.console.walker import LARGE, Walker, walking


async def name_file(walker: Walker, file: Path) -> None:
    await walker.press("B")
    await walker.sees("Everything of this home in one file", "enter Back up")
    await walker.press("ctrl+u")
    await walker.type(str(file))


async def test_it_makes_a_file_that_can_be_restored(home: Homestead, tmp_path: Path) -> None:
    await post(home, body(1), body(2))
    file = tmp_path / "gate.tar.zst"
    async with walking(home.path, LARGE) as walker:
        screen = await go_to_state(walker)
        await name_file(walker, file)
        await walker.press("enter")
        await walker.sees("1 tenant, 1 journal segment, 2 requests")
        assert walker.app.screen is screen
    checked = tidegate("restore", "--check", str(file))
    assert checked.status == 0, checked.err
    assert "2 requests" in checked.out


async def test_what_stands_in_its_way_is_said_beside_the_field(home: Homestead, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("of somebody")
    async with walking(home.path, LARGE) as walker:
        screen = await go_to_state(walker)
        await name_file(walker, there)
        await walker.sees("there is a file of that name already")
        await walker.press("ctrl+u")
        await walker.type(str(home.path / "data" / "b"))
        await walker.press("enter")
        problem = walker.app.screen.query_one(".problem", Static)
        await walker.until(
            lambda: "which is backed up itself: write it elsewhere" in str(problem.content), "the reason"
        )
        await walker.sees("enter Back up")
        await walker.press("escape")
        await walker.until(lambda: walker.app.screen is screen, "the tree")
        await walker.press("question_mark", "end")
        await walker.sees("Backup: writes this home into one file")
    assert there.read_text() == "of somebody"


async def test_it_can_be_left_running_and_cancelled(home: Homestead, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (home.path / "tenants" / "default" / "scripts" / "large.bin").write_bytes(os.urandom(64 << 20))
    async with walking(home.path, LARGE) as walker:
        screen = await go_to_state(walker)
        await name_file(walker, folder / "b")
        await walker.press("enter")
        job = walker.app.session.backup
        assert job is not None
        await walker.until(lambda: job._process is not None, "the backup")
        job._process.send_signal(signal.SIGSTOP)  # for large as it is, it would be done before it is cancelled
        await walker.press("escape", "B", "x")
        job._process.send_signal(signal.SIGCONT)
        await walker.sees("the backup was cancelled: nothing is left of it")
        assert list(folder.iterdir()) == []
        await walker.press("enter", "escape")
        await walker.until(lambda: isinstance(walker.app.screen, EngineState), "the tree")
        await walker.sees(f"{folder / 'b'}: 1 tenant, ")
        assert walker.app.screen is screen
    assert [each.name for each in folder.iterdir()] == ["b"]


async def test_the_command_takes_secrets_and_a_viewer_makes_none(home: Homestead, tmp_path: Path) -> None:
    async with walking(home.path, LARGE) as walker:
        await go_to_state(walker)
        await walker.press("colon")
        await walker.type(f"backup {tmp_path / 'b'} --with-secrets")
        await walker.press("enter")
        await walker.sees("secrets are in it: keep it as safe as those")
        assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600
        await walker.press("colon")
        await walker.type("backup")
        await walker.press("enter")
        await walker.sees("it takes one file: backup FILE")
    async with walking(home.path, LARGE, readonly=True) as walker:
        await go_to_state(walker)
        await walker.press("B")
        await walker.sees("read-only")
