"""The short form of `python -m tests.torture`: each process killed once, and all that must hold afterwards."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.groovy.build import Built
from tests.torture.rounds import Torture

HARMS = ["console", "pause", "worker", "jvm", "apply", "replay", "console", "all"]


@pytest.fixture
async def torture(tmp_path: Path, sidecar: Built | None) -> AsyncIterator[Torture]:
    said: list[str] = []
    torture = Torture(tmp_path, sidecar, said.append)
    yield torture
    await torture.site.destroy()
    print("\n".join(said))


@pytest.mark.timeout(240)
async def test_nothing_that_was_acknowledged_is_lost_whatever_is_killed(torture: Torture) -> None:
    await torture.begin()
    assert await torture.round("short", "short", HARMS) == []
    assert await torture.end() == []
    assert torture.tally.heard["kept"] > 100
