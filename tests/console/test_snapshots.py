"""How a few screens look, to the cell; everything else is asserted as text.

After a change that is meant: `pytest tests/console/test_snapshots.py --snapshot-update`, and look at the difference.
"""

import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from console import embedded
from console.app import TidegateApp
from tests.cli.tidegate import COMMAND, Homestead, environment, tidegate
from tests.console.walker import LARGE, SMALL, Walker

Compare = Callable[..., bool]


@pytest.fixture(scope="module")
def still_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home on which nothing moves: its tenant is stopped, so that its port need not be free either."""
    home = Homestead(tmp_path_factory.mktemp("still") / "home", 8484)
    assert tidegate("init", "--home", str(home.path)).status == 0
    file = home.path / "tenants" / "default" / "tenant.toml"
    file.write_text(file.read_text().replace("[tenant]\n", "[tenant]\nautostart = false\n"))
    serve = [*COMMAND, "serve", "--embedded", "--home", str(home.path)]
    engine = subprocess.Popen(serve, stdout=subprocess.PIPE, env=environment())
    home.engines.append(engine)
    assert engine.stdout is not None
    assert engine.stdout.readline() == b"ready\n"
    yield home.path
    home.end()


def looks(compare: Compare, home: Path, size: tuple[int, int], walk: Callable[[Walker], Awaitable[None]]) -> bool:
    """Whether the screen that `walk` leads to looks as it did."""
    app = TidegateApp(lambda: embedded.reach(home))
    app.animation_level = "none"

    async def before(pilot: Pilot[Any]) -> None:
        walker = Walker(app, pilot)
        await walker.sees("Default Tenant", "Stopped")
        await walk(walker)
        for line in app.screen.query(Input):
            line.cursor_blink = False
        await pilot.pause()

    return compare(app, terminal_size=size, run_before=before)


async def to_event_sources(walker: Walker) -> None:
    for seen in ("Engine Configuration", "How devices reach this tenant", "fails alone"):
        await walker.press("enter")
        await walker.sees(seen)
    await walker.sees("port 8484")


async def to_form(walker: Walker) -> None:
    await to_event_sources(walker)
    await walker.press("enter")
    await walker.sees("Number of threads", "Limits and more")


def test_manage_tenants(snap_compare: Compare, still_home: Path) -> None:
    async def stay(walker: Walker) -> None:
        await walker.sees("0 of 1")

    assert looks(snap_compare, still_home, SMALL, stay)


def test_add_component(snap_compare: Compare, still_home: Path) -> None:
    async def add(walker: Walker) -> None:
        await to_event_sources(walker)
        await walker.press("a")
        await walker.sees("Add Component: Event Sources")

    assert looks(snap_compare, still_home, SMALL, add)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_socket_event_source(snap_compare: Compare, still_home: Path, size: tuple[int, int]) -> None:
    async def open_form(walker: Walker) -> None:
        await to_form(walker)
        if size == LARGE:
            await walker.sees('script = "decode_lora.py"')

    assert looks(snap_compare, still_home, size, open_form)


def test_udp_event_source(snap_compare: Compare, still_home: Path) -> None:
    async def open_form(walker: Walker) -> None:
        await to_event_sources(walker)
        await walker.press("a", "u", "d", "p", "enter")
        await walker.sees("UDP Event Source (udp)", "! Binary Event Decoder is Required")

    assert looks(snap_compare, still_home, SMALL, open_form)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_connections_of_a_source_that_does_not_run(
    snap_compare: Compare, still_home: Path, size: tuple[int, int]
) -> None:
    async def open_connections(walker: Walker) -> None:
        await to_event_sources(walker)
        await walker.press("c")
        await walker.sees("does not run, so that no device can connect")

    assert looks(snap_compare, still_home, size, open_connections)
