"""A component's form: made from its declaration, checked at every keystroke, brought into the draft."""

import pytest

from tests.cli.tidegate import Homestead
from tests.console.walker import LARGE, Walker, walking


@pytest.fixture
def home(restored_home: Homestead) -> Homestead:
    return restored_home


async def open_lora(walker: Walker) -> None:
    """From Manage Tenants to the form of the source lora."""
    await walker.sees("1 of 1")
    await walker.press("enter")
    await walker.sees("Engine Configuration")
    await walker.press("down", "enter")
    await walker.sees("Socket Event Source (lora)")
    await walker.press("enter")
    await walker.sees("Source id", "Number of threads")
    await walker.press("home")


def staged(home: Homestead) -> str:
    return (home.path / "tenants" / "default" / "staged.toml").read_text()


async def test_what_is_typed_is_checked_at_every_keystroke_and_staged(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press("tab", "tab", "tab", "7")
        await walker.sees("this draft is not staged")
        await walker.press("0")
        await walker.sees("✕ 70 is more than 64", "✕ threads: 70 is more than 64")
        await walker.press("ctrl+s")
        await walker.sees("put it right before staging")
        await walker.press("backspace", "ctrl+s")
        await walker.sees("staged: p shows what it means")
    assert "threads = 7" in staged(home)
    assert "# What this tenant receives" in staged(home)


async def test_no_key_overwrites_a_source_that_is_only_looked_at(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press("escape", "enter")
        await walker.sees("Source id")
        await walker.press("2")
        await walker.sees("Live Traffic")
        await walker.press("1")
        await walker.sees("Source id")
        await walker.press("1")
        await walker.sees("Req/s")
    assert not (home.path / "tenants" / "default" / "staged.toml").exists()


async def test_what_does_not_fit_is_still_there_when_one_comes_back(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press("tab", "x", "escape")
        await walker.sees("Each source listens alone")
        await walker.press("enter")
        await walker.sees("✕ 'x' is not a whole number")


async def test_an_emptied_field_gives_the_default_back(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press("tab", "backspace", "ctrl+s")
        await walker.sees("staged: p shows what it means")
    assert "\nport" not in staged(home)


async def test_the_folded_settings_are_found_by_name(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.sees("▸ Limits and more   8 settings at their defaults")
        await walker.press("tab", "tab", "tab", "tab", "slash")
        await walker.sees("Find setting")
        await walker.type("memo")
        await walker.press("enter")
        await walker.sees("▾ Limits and more", "Most memory")
        await walker.type("64 apples")
        await walker.sees("'64 apples' is not a size")
        for _ in "apples":
            await walker.press("backspace")
        await walker.type("MiB")
        await walker.sees("8 settings, 1 not at its default")


async def test_a_choice_is_turned_and_a_required_slot_says_what_its_loss_means(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await open_lora(walker)
        await walker.press(*["tab"] * 4, "enter")
        await walker.sees("HTTP Socket Interaction Handler Factory", "‹ reject ›")
        await walker.press("home", "tab", "tab", "space")
        await walker.sees("‹ accept ›")
        await walker.press("escape")
        await walker.sees("✎ changed")
        await walker.press("d")
        await walker.sees("Delete Required Component?", "Socket Event Source (lora) needs a Socket Interaction")
        await walker.press("enter")
        await walker.sees("! Socket Interaction Handler Factory is Required")


async def test_a_wide_form_shows_the_help_and_the_toml_live(home: Homestead) -> None:
    async with walking(home.path, LARGE) as walker:
        await open_lora(walker)
        await walker.sees("[interaction_handler]", 'type = "http"')
        await walker.press("tab")
        await walker.sees("Port (port)", "a whole number, 1 to 65535, default: 8484")
        await walker.type("1234")
        await walker.sees("port = 1234")


async def test_the_tenants_own_settings_are_a_form_too(home: Homestead) -> None:
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("enter")
        await walker.sees("Engine Configuration")
        await walker.press("down", "down", "enter")
        await walker.sees("Start with the engine")
        await walker.press("home")
        await walker.type("Port of Kiel")
        await walker.press("tab", "space", "ctrl+s")
        await walker.sees("staged: p shows what it means")
    assert 'name = "Port of Kiel"' in staged(home)
    assert "autostart = false" in staged(home)
