"""Live Traffic with a filter that little of what is kept meets: it looks on, says how far, and can be stopped."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from console.screens.traffic import LiveTraffic
from tests.cli.tidegate import Homestead, free_port
from tests.console.walker import Walker, walking
from tests.journal.segments import SegmentFile


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homestead]:
    """One request that is worth looking for, under many others."""
    homestead = Homestead(tmp_path_factory.mktemp("searching") / "home", free_port())
    made = homestead("init", "--port", str(homestead.port))
    assert made.status == 0, made.err
    (homestead.path / "instance.toml").write_text('[retention]\nage = "36500 d"\n')  # the rows are of a day long past
    segment = SegmentFile(homestead.path / "data" / "journal", pid=2**22 + 1)
    segment.write(segment.row(payload=b"the needle", remote="10.9.8.7:1234"))
    segment.fill(45_000)
    segment.close()
    homestead.serve()
    yield homestead
    homestead.end()


async def traffic(walker: Walker) -> LiveTraffic:
    await walker.sees("Default Tenant")
    await walker.press("2")
    await walker.until(lambda: isinstance(walker.app.screen, LiveTraffic), "Live Traffic")
    await walker.sees("POST /lora")
    assert isinstance(walker.app.screen, LiveTraffic)
    return walker.app.screen


@pytest.mark.parametrize("filter", ["needle", "payload:needle"])
async def test_it_looks_on_until_it_is_found(home: Homestead, filter: str) -> None:
    async with walking(home.path) as walker:
        await traffic(walker)
        await walker.press("slash", *filter, "enter")
        await walker.sees("10.9.8.7", "1 shown")


async def test_escape_stops_it(home: Homestead) -> None:
    async with walking(home.path) as walker:
        screen = await traffic(walker)
        link, answered = screen.link, asyncio.Event()
        call = link.call

        async def slowly(method: str, *given: Any, **named: Any) -> Any:
            """A busy engine: the second page and those after it come when the test wants them."""
            found = await call(method, *given, **named)
            if method == "requests.traffic" and given[0].before is not None:
                await answered.wait()
            return found

        link.call = slowly  # type: ignore[method-assign]  # for this test's console alone
        await walker.press("slash", *"nowhere", "enter")
        await walker.sees("looked back to", "requests: escape stops")
        await walker.press("escape")
        await walker.sees("and stopped")
        answered.set()
        await walker.until(lambda: screen.standing() == ("", "done"), "the search to end")
        assert isinstance(walker.app.screen, LiveTraffic)
