from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.stead import Stead


@pytest.fixture
def make_stead(tmp_path: Path) -> Iterator[Callable[..., Stead]]:
    """Makes homes whose processes all end with the test."""
    made: list[Stead] = []

    def make(**settings: object) -> Stead:
        stead = Stead(tmp_path / f"home{len(made)}", **settings)  # type: ignore[arg-type]  # Stead names its settings
        made.append(stead)
        return stead

    yield make
    for stead in made:
        stead.end()
