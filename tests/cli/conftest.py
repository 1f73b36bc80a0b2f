from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.tidegate import Homestead, free_port


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Homestead]:
    """A home made by `tidegate init`, with the tutorial's source on a free port."""
    homestead = Homestead(tmp_path / "home", free_port())
    made = homestead("init", "--port", str(homestead.port))
    assert made.status == 0, made.err
    yield homestead
    homestead.end()
