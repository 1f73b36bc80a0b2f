"""A secret's field: a variable, a file, or what is typed unseen, which the engine keeps."""

import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.catalogue.registry import BUILT_IN, Catalogue
from tests.cli.tidegate import Homestead, environment, free_port
from tests.console.walker import LARGE, SMALL, Walker, walking

ROOT = Path(__file__).parents[2]
PACKAGES = (*BUILT_IN, "tests.vaulted")
SERVE = f"""
import sys
from pathlib import Path
from core.engine.main import serve
sys.exit(serve(Path(sys.argv[1]), packages={PACKAGES!r}))
"""
HIDDEN = "hunter2"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Homestead]:
    """The tutorial's home with an engine that knows the vault, too."""
    homestead = Homestead(tmp_path / "home", free_port())
    assert homestead("init", "--port", str(homestead.port)).status == 0
    command = [sys.executable, "-c", SERVE, str(homestead.path)]
    engine = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(PYTHONPATH=str(ROOT)))
    homestead.engines.append(engine)
    assert engine.stdout is not None
    assert engine.stdout.readline() == b"ready\n"
    yield homestead
    homestead.end()


@asynccontextmanager
async def at_the_vault(home: Homestead, size: tuple[int, int] = SMALL) -> AsyncGenerator[Walker]:
    """The form of a new vault, in the place of the source's handler."""
    async with walking(home.path, size, components=Catalogue(PACKAGES)) as walker:
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
        await walker.sees("Vault Handler Factory")
        await walker.type("vault")
        await walker.press("enter")
        await walker.sees("Token", "‹ environment variable ›", "! Token is required")
        yield walker


def staged(home: Homestead) -> str:
    return (home.path / "tenants" / "default" / "staged.toml").read_text()


def kept(home: Homestead) -> dict[str, str]:
    folder = home.path / "tenants" / "default" / "secrets"
    return {file.name: file.read_text() for file in folder.iterdir()}


async def test_a_variable_and_a_file_are_named(home: Homestead) -> None:
    async with at_the_vault(home) as walker:
        await walker.press("tab")
        await walker.type("9a")
        await walker.sees("names no environment variable")
        await walker.press("backspace", "backspace")
        await walker.type("VAULT_TOKEN")
        await walker.sees_no("names no environment variable")
        await walker.press("tab", "tab", "space")
        await walker.sees("‹ file ›")
        await walker.press("tab")
        await walker.type("/run/secrets/spare")
        await walker.press("ctrl+s")
        await walker.sees("staged: p shows what it means")
    assert 'token = { env = "VAULT_TOKEN" }' in staged(home)
    assert 'spare = { file = "/run/secrets/spare" }' in staged(home)
    assert kept(home) == {}


async def test_what_is_typed_is_kept_by_the_engine_and_never_seen(home: Homestead) -> None:
    async with at_the_vault(home, LARGE) as walker:
        await walker.press("space", "space")
        await walker.sees("‹ type it here ›")
        await walker.press("tab")
        await walker.type(HIDDEN)
        await walker.sees("•" * len(HIDDEN))
        assert kept(home) == {}
        await walker.press("tab")
        await walker.sees("kept by the engine", 'token = { file = "secrets/lora-token" }')
        assert HIDDEN not in walker.screen
        assert kept(home) == {"lora-token": HIDDEN}

        await walker.press("shift+tab")
        await walker.type("other")
        await walker.press("ctrl+s")
        await walker.sees("staged: p shows what it means")
        assert kept(home) == {"lora-token": "other"}

        await walker.type("third")
        await walker.press("escape")
        await walker.sees("Number of threads")
        assert kept(home) == {"lora-token": "other", "lora-token-2": "third"}
        await walker.press("ctrl+s")
        await walker.sees("staged: p shows what it means")
    assert 'token = { file = "secrets/lora-token-2" }' in staged(home)
    assert not any(word in staged(home) for word in (HIDDEN, "other", "third"))


async def test_what_the_engine_does_not_keep_is_said_beside_the_field(home: Homestead) -> None:
    folder = home.path / "tenants" / "default" / "secrets"
    folder.rmdir()
    folder.write_text("in the way")
    async with at_the_vault(home) as walker:
        await walker.press("left")
        await walker.sees("‹ type it here ›")
        await walker.press("tab")
        await walker.type(HIDDEN)
        await walker.press("tab")
        await walker.sees("✕ cannot write")
        assert HIDDEN not in walker.screen
        folder.unlink()
        await walker.press("shift+tab")
        await walker.type("third")
        await walker.press("tab")
        await walker.sees("kept by the engine")
    assert kept(home) == {"lora-token": "third"}


async def test_a_secret_that_is_turned_back_is_where_it_was(home: Homestead) -> None:
    async with at_the_vault(home) as walker:
        await walker.press("tab")
        await walker.type("VAULT_TOKEN")
        await walker.press("shift+tab", "space")
        await walker.sees("‹ file ›", "! Token is required")
        await walker.press("left")
        await walker.sees("‹ environment variable ›", "VAULT_TOKEN")
        await walker.press("ctrl+s")
        await walker.sees("staged: p shows what it means")
    assert 'token = { env = "VAULT_TOKEN" }' in staged(home)
