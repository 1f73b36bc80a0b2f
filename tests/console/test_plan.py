"""Stage Updates, the plan and applying: what is meant, what comes of it, and what does not fit together."""

import socket

import pytest

from core.control.client import connected
from core.control.configurations import Edit, EditStaged
from tests.cli.tidegate import Homestead, free_port
from tests.console.test_forms import open_lora
from tests.console.walker import Walker, walking


@pytest.fixture
def home(restored_home: Homestead) -> Homestead:
    return restored_home


async def stage_port(walker: Walker, port: int) -> None:
    await open_lora(walker)
    await walker.press("tab")
    await walker.type(str(port))
    await walker.press("ctrl+s")
    await walker.sees("staged: p shows what it means")
    await walker.press("escape")
    await walker.sees("✎ changed, not applied")


async def test_the_plan_says_what_a_change_means_and_applies_it(home: Homestead) -> None:
    port = free_port()
    async with walking(home.path) as walker:
        await stage_port(walker, port)
        await walker.press("p")
        await walker.sees("1 change", f"port {home.port} → {port}", f"-port = {home.port}", f"+port = {port}")
        await walker.press("enter")
        await walker.sees("applied: this is what runs now", "applied")
        await walker.press("enter")
        await walker.sees(f"port {port}", "● Started")
    home.port = port
    assert home.post(b"{}") == 422


async def test_where_a_port_is_taken_nothing_changes_and_the_reason_stands(home: Homestead) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        async with walking(home.path) as walker:
            await stage_port(walker, taken)
            await walker.press("p")
            await walker.sees("1 change")
            await walker.press("enter")
            await walker.sees("nothing has changed", "failed", f"port {taken} is taken")
            assert home.post(b"{}") == 422
            await walker.press("escape")
            await walker.sees(f"port {taken} is taken", "● Started")


async def test_a_change_is_taken_back_and_all_are_discarded(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await stage_port(walker, free_port())
        await walker.press("p")
        await walker.sees("1 change")
        await walker.press("x")
        await walker.sees("took it back", "Nothing is staged")
        await walker.press("escape", "d", "enter")
        await walker.sees("✎ removed, not applied")
        await walker.press("p")
        await walker.sees("Stage Updates?")
        await walker.press("enter")
        await walker.sees("1 change", "- source lora")
        await walker.press("D")
        await walker.sees("Discard all?")
        await walker.press("enter")
        await walker.sees("Nothing is staged")
        await walker.press("escape")
        await walker.sees("Socket Event Source (lora)", "● Started")
    assert not (home.path / "tenants" / "default" / "staged.toml").exists()


async def test_what_is_incomplete_can_be_staged_and_not_applied(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press(*["tab"] * 5, "d", "enter")
        await walker.sees("! Binary Event Decoder is Required")
        await walker.press("ctrl+s")
        await walker.sees("staged: p shows what it means")
        await walker.press("p")
        await walker.sees("cannot be applied yet", "Binary Event Decoder is Required")
        await walker.press("enter")
        await walker.sees("Binary Event Decoder is Required")
    assert home.post(b"{}") == 422


async def stage_beside(home: Homestead, threads: int) -> None:
    """Somebody else stages something meanwhile."""
    async with connected(home.path / "data" / "control.sock") as client:
        edit = Edit(op="set", path="event_sources/lora", values={"threads": threads})
        await client.call("configuration.edit_staged", EditStaged(tenant="default", edits=[edit]))


async def test_a_conflict_is_shown_and_nothing_is_overwritten(home: Homestead) -> None:
    staged = home.path / "tenants" / "default" / "staged.toml"
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press("tab", "1", "2", "3", "4")
        await walker.sees("this draft is not staged")
        await stage_beside(home, 3)
        await walker.press("ctrl+s")
        await walker.sees("Something newer is staged", "Nothing was overwritten:")
        assert "threads = 3" in staged.read_text()
        assert "1234" not in staged.read_text()
        await walker.press("m")
        await walker.sees("your edits are on top of what is there now")
        await walker.press("ctrl+s")
        await walker.sees("staged: p shows what it means")
    assert "threads = 3" in staged.read_text()
    assert "port = 1234" in staged.read_text()


async def test_leaving_a_tenant_with_a_draft_asks(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press("tab", "tab", "tab", "3", "escape", "escape", "escape")
        await walker.sees("Leave with an unstaged draft?")
        await walker.press("escape")
        await walker.sees("Engine Configuration", "✎ changed")
        await walker.press("1")
        await walker.sees("Leave with an unstaged draft?")
        await walker.press("g")
        await walker.sees("Req/s")
        await walker.press("enter")
        await walker.sees("Engine Configuration")
        assert "✎" not in walker.screen


async def test_a_file_edited_by_hand_is_told_and_applied(home: Homestead) -> None:
    file = home.path / "tenants" / "default" / "tenant.toml"
    port = free_port()
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        file.write_text(file.read_text().replace(f"port = {home.port}", f"port = {port}"))
        await walker.sees("tenant.toml was edited by hand")
        await walker.press("p")
        await walker.sees("enter applies the file as it is")
        await walker.press("enter")
        await walker.sees("applied: this is what runs now")
    home.port = port
    assert home.post(b"{}") == 422
