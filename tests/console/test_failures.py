"""Failures as an operator sees them: groups with their counts, their requests, a sample, and dismissing."""

import pytest

from console.screens.failures import FailuresScreen
from console.screens.request import OneRequest
from console.screens.traffic import LiveTraffic
from tests.cli.tidegate import Homestead
from tests.console.test_live_traffic import body, post
from tests.console.walker import LARGE, SMALL, Walker, walking

BROKEN = [b'{"no": 1}', b'{"no": 2}', b"{", body(1)]


async def go_to_failures(walker: Walker) -> FailuresScreen:
    await walker.sees("Default Tenant")
    await walker.press("4")
    await walker.until(lambda: isinstance(walker.app.screen, FailuresScreen), "Failures")
    assert isinstance(walker.app.screen, FailuresScreen)
    return walker.app.screen


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
async def test_groups_their_requests_and_a_sample(home: Homestead, size: tuple[int, int]) -> None:
    await post(home, *BROKEN)
    async with walking(home.path, size) as walker:
        screen = await go_to_failures(walker)
        await walker.sees("4 Failures 2", "missing the id", "JSONDecodeError: Expecting property name")
        await walker.until(lambda: " 2  default/lora" in walker.screen, "a group of two")
        await walker.press("home")
        await walker.press("v")
        await walker.until(lambda: isinstance(walker.app.screen, OneRequest), "the sample")
        await walker.sees("Failures ›", "JSONDecodeError")
        await walker.press("n")
        await walker.sees("missing the id", '"no": 2')
        await walker.press("escape")
        await walker.until(lambda: walker.app.screen is screen, "the list")
        await walker.press("end", "enter")
        await walker.until(lambda: isinstance(walker.app.screen, LiveTraffic), "its requests")
        await walker.sees("failure:", "2 shown", "missing the id")


async def test_a_group_is_dismissed_with_a_word_and_opened_again(home: Homestead) -> None:
    await post(home, *BROKEN)
    async with walking(home.path) as walker:
        await go_to_failures(walker)
        await walker.sees("missing the id", "JSONDecodeError")
        await walker.press("home", "x")
        await walker.sees("need no work. Why?")
        await walker.press("enter")
        await walker.sees("say why")
        await walker.type("old firmware")
        await walker.press("enter")
        await walker.sees_no("JSONDecodeError")
        await walker.sees("4 Failures 1")
        await walker.press("f")
        await walker.sees("JSONDecodeError", "dismissed: old firmware", "Failures › Dismissed")
        await walker.press("x")
        await walker.sees("no group was dismissed")
        await walker.press("escape")
        await walker.sees("JSONDecodeError", "missing the id", "4 Failures 2")
        await walker.press("colon")
        await walker.type("dismiss ffff why")
        await walker.press("enter")
        await walker.sees("no failed request is in a group ffff")


async def test_a_viewer_may_look_and_not_dismiss(home: Homestead) -> None:
    await post(home, *BROKEN)
    async with walking(home.path, readonly=True) as walker:
        await go_to_failures(walker)
        await walker.sees("missing the id")
        await walker.press("x")
        await walker.sees_no("need no work. Why?")


async def test_nothing_failed(home: Homestead) -> None:
    await post(home, body(1))
    async with walking(home.path) as walker:
        await go_to_failures(walker)
        await walker.sees("no failure is open")
        await walker.press("enter", "v", "x")
        await walker.sees("no failure is open")
