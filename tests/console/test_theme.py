"""Themes in the running console: picked in the palette, remembered, and none but ours."""

from pathlib import Path

import pytest

import themes
from console.app import TidegateApp
from tests.cli.tidegate import Homestead
from tests.console.walker import Walker, walking


async def pick(walker: Walker, name: str) -> None:
    await walker.sees("Default Tenant")
    await walker.press("ctrl+p")
    await walker.sees("Search for commands")
    await walker.type("theme")
    await walker.sees("Theme")
    await walker.press("enter")
    await walker.sees("Search for themes", "tidegate-light")
    await walker.type(name)
    await walker.until(lambda: "tidegate-dark" not in walker.screen, "the others to go")
    await walker.press("enter")
    await walker.until(lambda: walker.app.theme == f"tidegate-{name}", "the theme")


async def test_a_theme_is_picked_and_comes_back(shared_home: Homestead) -> None:
    async with walking(shared_home.path) as walker:
        assert walker.app.theme == themes.DEFAULT
        await pick(walker, "light")
    async with walking(shared_home.path) as walker:
        assert walker.app.theme == "tidegate-light"


async def test_only_themes_that_were_checked_are_offered(shared_home: Homestead) -> None:
    async with walking(shared_home.path) as walker:
        await walker.sees("Default Tenant")
        assert set(walker.app.available_themes) == set(themes.load_themes())


async def test_a_theme_of_the_environment_is_for_this_time_only(
    shared_home: Homestead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGATE_THEME", "contrast")
    async with walking(shared_home.path) as walker:
        assert walker.app.theme == "tidegate-contrast"
    monkeypatch.delenv("TIDEGATE_THEME")
    assert themes.chosen_theme() == themes.DEFAULT


@pytest.mark.parametrize("name", sorted(themes.load_themes()))
async def test_every_screen_can_be_drawn_in_every_theme(shared_home: Homestead, name: str) -> None:
    async with walking(shared_home.path) as walker:
        await walker.sees("Default Tenant")
        walker.app.theme = name
        for key, words in (("2", "Live Traffic"), ("5", "Worker 1"), ("1", "Manage Tenants")):
            await walker.press(key)
            await walker.sees(words)


async def test_without_colours_every_state_has_its_mark_and_its_word(
    shared_home: Homestead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with walking(shared_home.path) as walker:
        assert isinstance(walker.app, TidegateApp)
        assert walker.app.no_color
        await walker.sees("Default Tenant")
        assert "● Started" in walker.line("Default Tenant")
        await walker.press("5")
        await walker.sees("● Started")
