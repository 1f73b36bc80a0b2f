"""A component that somebody adds is one file; nothing else need know its name for it to be a form."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.catalogue.registry import BUILT_IN, Catalogue
from tests.cli.tidegate import Homestead, environment, free_port
from tests.console.walker import walking

PACKAGE = "morse_components"
ONLY_HERE = "drum_components"
COMPONENT = '''
"""A handler that only this test knows."""
import os
from typing import Annotated, Literal

from core.catalogue.component import Component
from core.catalogue.settings import Settings, setting


class MorseSettings(Settings):
    key: Annotated[str, setting("Morse key", "what the operator presses")]
    speed: Annotated[int, setting("Words a minute", "how fast", least=5, most=60)] = 20
    tone: Annotated[Literal["low", "high"], setting("Tone", "what one hears")] = "low"


COMPONENT = Component(
    role="{role}", type="{type}", title="{title}", summary="dots and dashes", settings=MorseSettings,
    make=lambda *given: None, unavailable=lambda: os.environ.get({variable!r}),
)
'''


SERVE = f"""
import sys
from pathlib import Path
from core.catalogue.registry import BUILT_IN
from core.engine.main import serve
sys.exit(serve(Path(sys.argv[1]), packages=(*BUILT_IN, "{PACKAGE}")))
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with packages of components that are nothing but their files: two that the engine has, one that it has
    not."""
    package = tmp_path / "added" / PACKAGE
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    only_here = package.parent / ONLY_HERE
    only_here.mkdir()
    (only_here / "__init__.py").write_text("")
    for folder, type in ((package, "morse"), (package, "smoke"), (only_here, "drum")):
        given = {"role": "interaction_handler", "type": type, "title": f"{type.capitalize()} Handler Factory"}
        (folder / f"{type}.py").write_text(COMPONENT.format(variable=f"NO_{type.upper()}", **given))
    monkeypatch.syspath_prepend(str(package.parent))
    yield package.parent
    for name in [name for name in sys.modules if name.startswith((PACKAGE, ONLY_HERE))]:
        del sys.modules[name]


def surroundings(packages: Path) -> dict[str, str]:
    """The engine's: what it is told there is not there, whatever the console finds where it runs."""
    return environment(PYTHONPATH=str(packages), NO_SMOKE="needs a fire: apt install fire")


@pytest.fixture
def home(tmp_path: Path, packages: Path) -> Iterator[Homestead]:
    """The tutorial's home with an engine that knows the added components too."""
    homestead = Homestead(tmp_path / "home", free_port())
    assert homestead("init", "--port", str(homestead.port)).status == 0
    command = [sys.executable, "-c", SERVE, str(homestead.path)]
    engine = subprocess.Popen(command, stdout=subprocess.PIPE, env=surroundings(packages))
    homestead.engines.append(engine)
    assert engine.stdout is not None
    assert engine.stdout.readline() == b"ready\n"
    yield homestead
    homestead.end()


async def test_an_added_component_is_offered_and_is_a_form(home: Homestead) -> None:
    async with walking(home.path, components=Catalogue((*BUILT_IN, PACKAGE, ONLY_HERE))) as walker:
        await walker.sees("1 of 1")
        await walker.press("enter")
        await walker.sees("Engine Configuration")
        await walker.press("down", "enter")
        await walker.sees("Socket Event Source (lora)")
        await walker.press("enter")
        await walker.sees("Number of threads")
        await walker.press("d", "enter")
        await walker.sees("! Socket Interaction Handler Factory is Required")

        await walker.press("a")
        await walker.sees("Morse Handler Factory", "dots and dashes", "Drum Handler Factory")
        below = [walker.screen.index(name) for name in ("HTTP Socket Interaction", "Morse", "Drum")]
        assert below == sorted(below)
        await walker.type("drum")
        await walker.sees("the engine has no such component")
        for _ in "drum":
            await walker.press("backspace")
        await walker.type("smoke")
        await walker.sees_no("Morse Handler Factory")
        await walker.press("enter")
        await walker.sees("needs a fire: apt install fire")
        for _ in "smoke":
            await walker.press("backspace")
        await walker.type("dash")
        await walker.press("enter")

        await walker.sees("Morse key", "! Morse key is required", "Words a minute", "5 to 60, how fast", "‹ low ›")
        await walker.type("left")
        await walker.press("tab", "3")
        await walker.sees("✕ 3 is less than 5")
        await walker.press("0", "ctrl+s")
        await walker.sees("staged: p shows what it means")
    staged = (home.path / "tenants" / "default" / "staged.toml").read_text()
    assert 'key = "left"' in staged, staged
    assert "speed = 30" in staged


async def test_a_form_says_what_its_component_lacks_where_the_engine_runs(
    home: Homestead, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = home.path / "tenants" / "default" / "tenant.toml"
    smoke = staged.read_text().replace('type = "http"', 'type = "smoke"\nkey = "left"\npuffs = 3')
    (staged.parent / "staged.toml").write_text(smoke)
    monkeypatch.setenv("NO_MORSE", "it is the engine that tells")
    async with walking(home.path, components=Catalogue((*BUILT_IN, PACKAGE))) as walker:
        await walker.sees("1 of 1")
        await walker.press("enter")
        await walker.sees("Engine Configuration")
        await walker.press("down", "enter")
        await walker.sees("interaction_handler.type: needs a fire: apt install fire")
        await walker.press("enter")
        await walker.sees("Smoke Handler Factory", "! type: needs a fire")
        await walker.press("enter")
        await walker.sees("Morse key", "! needs a fire: apt install fire", "! puffs: ")
        await walker.press("escape", "d", "enter", "a")
        await walker.sees("Add Socket Interaction Handler Factory", "Morse Handler Factory")
        assert "it is the engine that tells" not in walker.screen
