from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.tidegate import Homestead, free_port


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No theme, editor or mode of whoever runs the tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("TIDEGATE_HOME", "TIDEGATE_THEME", "TIDEGATE_ASCII", "NO_COLOR", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def empty_home(tmp_path: Path) -> Iterator[Homestead]:
    """A home with an engine and no tenant; `port` is free for a source."""
    homestead = Homestead(tmp_path / "home", free_port())
    homestead.path.mkdir()
    homestead.serve()
    yield homestead
    homestead.end()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Homestead]:
    """A home with an engine and the tutorial's tenant, made by `tidegate init`."""
    homestead = Homestead(tmp_path / "home", free_port())
    made = homestead("init", "--port", str(homestead.port))
    assert made.status == 0, made.err
    homestead.serve()
    yield homestead
    homestead.end()


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homestead]:
    """A `home` for all tests of a file that leave it as they found it, but for the requests that they post."""
    homestead = Homestead(tmp_path_factory.mktemp("shared") / "home", free_port())
    made = homestead("init", "--port", str(homestead.port))
    assert made.status == 0, made.err
    homestead.serve()
    yield homestead
    homestead.end()
