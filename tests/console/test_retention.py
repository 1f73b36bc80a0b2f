"""What is kept, in Engine State, and a tenant's own limits in their form."""

from console.screens.state import EngineState
from tests.cli.tidegate import Homestead
from tests.console.test_live_traffic import body, post
from tests.console.walker import LARGE, Walker, walking


def kept(walker: Walker) -> int:
    """How many requests the tenant keeps, as the console knows it."""
    screen = walker.app.screen
    assert isinstance(screen, EngineState)
    status = screen.link.status
    known = None if status is None else status.tree.children[0].kept
    return 0 if known is None else known.requests


async def test_engine_state_says_what_is_kept_and_when_it_is_full(home: Homestead) -> None:
    await post(home, body(1), body(2))
    async with walking(home.path) as walker:
        await walker.sees("Default Tenant")
        await walker.press("5")
        await walker.sees("Worker 1")
        await walker.press("v")
        await walker.sees("path", "the engine")
        await walker.sees("kept", "kept since", "growth", "a day", "retention", "7 d, 5.0 GiB", "disk", "stay free")
        await walker.press("escape")
        await walker.sees_no("kept since")
        await walker.press("down")
        await walker.until(lambda: "▸" in walker.line("Default Tenant"), "the tenant")
        await walker.until(lambda: kept(walker) == 2, "the engine to have looked")
        await walker.press("v")
        await walker.sees("2 requests", "never full: age keeps it at")


async def test_a_wide_terminal_shows_it_beside_the_tree(home: Homestead) -> None:
    await post(home, body(1))
    async with walking(home.path, LARGE) as walker:
        await walker.sees("Default Tenant")
        await walker.press("5")
        await walker.sees("Worker 1")
        await walker.sees("kept since", "1 requests", "retention")


async def test_a_tenant_s_limits_are_set_in_a_form_and_may_only_be_tighter(home: Homestead) -> None:
    staged = home.path / "tenants" / "default" / "staged.toml"
    async with walking(home.path) as walker:
        await walker.sees("1 of 1")
        await walker.press("enter")
        await walker.sees("Engine Configuration", "Retention")
        await walker.press("end", "enter")
        await walker.sees("Age", "Size", "Failed age")
        await walker.type("9 d")
        await walker.sees("✕ exceeds 7 d of instance.toml")
        await walker.press("backspace", "backspace", "backspace")
        await walker.type("2 d")
        await walker.sees_no("exceeds")
        await walker.press("ctrl+s")
        await walker.sees("staged: p shows what it means")
        await walker.press("escape")
        await walker.sees("Engine Configuration", "new")
        await walker.press("p")
        await walker.sees("age not given → 2 d", "is deleted for good")
    assert '[retention]\nage = "2 d"\n' in staged.read_text()
