"""The themes: one TOML file each in this folder, whose keys are those of `textual.theme.Theme`.

Beside Textual's own variables a theme gives the ones in `VARIABLES`, which the console's style sheets use.
"""

import os
import tomllib
from functools import cache
from importlib.resources import files

import msgspec
from platformdirs import user_config_path
from textual.theme import Theme

DEFAULT = "tidegate-dark"

VARIABLES = (
    "state-started",
    "state-changing",
    "state-stopped",
    "state-error",
    "state-staged",
    "text-quiet",
    "row-cursor",
    "row-cursor-blurred",
    "row-marked",
    "found-background",
    "found-foreground",
    "code-key",
    "code-string",
    "code-number",
    "code-literal",
)


@cache
def load_themes() -> dict[str, Theme]:
    """Every theme of this folder by name, the default first."""
    read = [
        msgspec.convert(tomllib.loads(file.read_text("utf-8")), Theme)
        for file in files(__name__).iterdir()
        if file.name.endswith(".toml")
    ]
    return {theme.name: theme for theme in sorted(read, key=lambda theme: (theme.name != DEFAULT, theme.name))}


def default_variables() -> dict[str, str]:
    """What the style sheets' own variables are until a theme of ours is set (`App.get_theme_variable_defaults`)."""
    variables = load_themes()[DEFAULT].variables
    return {name: variables[name] for name in VARIABLES}


def chosen_theme() -> str:
    """The theme to begin with: `$TIDEGATE_THEME`, else the last one picked in the palette, else the default."""
    names = load_themes()
    for name in (os.environ.get("TIDEGATE_THEME", ""), _remembered()):
        for known in (name, f"tidegate-{name}"):
            if known in names:
                return known
    return DEFAULT


def remember_theme(name: str) -> None:
    """Keeps `name` for the next console of this user; a folder that cannot be written forgets it silently."""
    place = user_config_path("tidegate") / "theme"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{name}\n", "utf-8")
    except OSError:
        return  # a read-only home is no reason to disturb an operator over a colour


def _remembered() -> str:
    try:
        return (user_config_path("tidegate") / "theme").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
