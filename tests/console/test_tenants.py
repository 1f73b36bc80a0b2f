"""Manage Tenants: making, starting and stopping, filtering, removing."""

from tests.cli.tidegate import Homestead
from tests.console.walker import LARGE, walking


async def test_a_tenant_is_made_by_its_id_and_name(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await walker.sees("Default Tenant", "1 of 1")
        await walker.press("a")
        await walker.type("default")
        await walker.sees("a tenant default is there already")
        for _ in "default":
            await walker.press("backspace")
        await walker.type("site a")
        await walker.sees("is no id: letters, digits, - and _")
        await walker.press("backspace", "backspace")
        await walker.type("-a")
        await walker.sees_no("is no id")
        await walker.press("enter")
        await walker.type(" ")
        await walker.sees("Tenant Name is required")
        await walker.press("backspace")
        await walker.type("Construction")
        await walker.press("enter")
        await walker.sees("made Construction")
        assert "site-a" in walker.line("Construction")
        assert walker.line("Construction").startswith(" ▸")


async def test_the_power_button_asks_before_it_stops(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await walker.sees("● Started")
        await walker.press("S")
        await walker.sees("Stop Tenant?")
        await walker.press("escape")
        await walker.sees_no("Stop Tenant?")
        await walker.press("S", "enter")
        await walker.sees("○ Stopped", "0 of 1")
        await walker.press("S")
        await walker.sees("● Started", "1 of 1")


async def test_a_tenant_in_error_says_why_under_its_row(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("S", "enter")
        await walker.sees("○ Stopped")
        for file in (home.path / "tenants" / "default" / "scripts").iterdir():
            file.write_text("def decode(:")
        await walker.press("S")
        await walker.sees("✕ Error", "lora: ", "1 Tenants 1")


async def test_the_filter_narrows_and_escape_gives_it_up(home: Homestead) -> None:
    assert home("init", "--tenant", "site-a").status in (0, 1)
    async with walking(home.path) as walker:
        await walker.sees("Default Tenant")
        await walker.press("slash")
        await walker.type("nobody")
        await walker.sees_no("Default Tenant")
        await walker.press("escape")
        await walker.sees("Default Tenant")


async def test_removing_a_tenant_asks_and_keeps_its_folder(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("d")
        await walker.sees("Remove Tenant?", "tenants/.removed")
        await walker.press("enter")
        await walker.sees_no("Remove Tenant?")
        await walker.press("d", "r")
        await walker.sees("a makes one")
    assert not (home.path / "tenants" / "default").exists()
    assert list((home.path / "tenants" / ".removed").iterdir())


async def test_a_wide_screen_shows_the_sources_beside(home: Homestead) -> None:
    async with walking(home.path, LARGE) as walker:
        await walker.sees("Default Tenant", "Sources", f"port {home.port}")
