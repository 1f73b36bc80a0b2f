"""The themes as files: they load, name only what Textual and the console know, and can be read."""

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

import themes

FILES = sorted(Path(themes.__file__).parent.glob("*.toml"))
TEXTUAL_VARIABLES = set(BUILTIN_THEMES["textual-dark"].to_color_system().generate())
READ_ON_A_ROW = ("state-started", "state-changing", "state-stopped", "state-error", "state-staged", "text-quiet")
CODE = ("code-key", "code-string", "code-number", "code-literal")


@pytest.fixture(params=FILES, ids=lambda file: file.stem)
def theme(request: pytest.FixtureRequest) -> Theme:
    return themes.load_themes()[request.param.stem]


def ratio(one: str, other: str) -> float:
    """WCAG 2's contrast ratio of two opaque colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    channels = [channel / 255 for channel in Color.parse(colour).rgb]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_dark_light_and_contrast_are_there_and_the_default_comes_first() -> None:
    assert next(iter(themes.load_themes())) == themes.DEFAULT == "tidegate-dark"
    assert {"tidegate-dark", "tidegate-light", "tidegate-contrast"} <= set(themes.load_themes())
    assert themes.load_themes()["tidegate-dark"].dark
    assert not themes.load_themes()["tidegate-light"].dark


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_key_is_known_and_every_variable_is_given(file: Path) -> None:
    table = tomllib.loads(file.read_text("utf-8"))
    variables = table.pop("variables")
    assert table["name"] == file.stem
    assert set(table) <= {field.name for field in fields(Theme)}
    assert set(variables) - TEXTUAL_VARIABLES == set(themes.VARIABLES)


def test_text_and_states_can_be_read_wherever_they_stand(theme: Theme) -> None:
    variables = theme.variables
    grounds = [str(theme.background), str(theme.surface), str(theme.panel)]
    grounds += [variables[name] for name in ("row-cursor", "row-cursor-blurred", "row-marked")]
    texts = [str(theme.foreground), str(theme.primary), *(variables[name] for name in READ_ON_A_ROW + CODE)]
    low = {(text, ground): ratio(text, ground) for text in texts for ground in grounds if ratio(text, ground) < 4.5}
    assert low == {}


def test_pairs_that_belong_together_can_be_read(theme: Theme) -> None:
    given = theme.variables
    pairs = [
        ("found-foreground", "found-background"),
        ("block-cursor-foreground", "block-cursor-background"),
        ("footer-key-foreground", "footer-background"),
        ("footer-description-foreground", "footer-background"),
        ("input-cursor-foreground", "input-cursor-background"),
    ]
    assert {
        pair: ratio(given[pair[0]], given[pair[1]]) for pair in pairs if ratio(*(given[p] for p in pair)) < 4.5
    } == {}


def test_states_differ_from_each_other(theme: Theme) -> None:
    states = [theme.variables[name] for name in themes.VARIABLES if name.startswith("state-")]
    assert len(set(states)) == len(states)


def test_a_picked_theme_is_remembered_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("TIDEGATE_THEME", raising=False)
    assert themes.chosen_theme() == themes.DEFAULT
    themes.remember_theme("tidegate-light")
    assert themes.chosen_theme() == "tidegate-light"
    monkeypatch.setenv("TIDEGATE_THEME", "contrast")
    assert themes.chosen_theme() == "tidegate-contrast"
    monkeypatch.setenv("TIDEGATE_THEME", "no such theme")
    assert themes.chosen_theme() == "tidegate-light"
