import shutil
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
def own_home(tmp_path: Path) -> Iterator[Homestead]:
    """A home with an engine and the tutorial's tenant, made by `tidegate init`, for one test alone."""
    homestead = Homestead(tmp_path / "home", free_port())
    made = homestead("init", "--port", str(homestead.port))
    assert made.status == 0, made.err
    homestead.serve()
    yield homestead
    homestead.end()


@pytest.fixture
def home(own_home: Homestead) -> Homestead:
    """`own_home`; files whose tests can do with one engine say so by a `home` of their own."""
    return own_home


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homestead]:
    """A `home` for all tests of a file that leave it as they found it, but for the requests that they post."""
    homestead = Homestead(tmp_path_factory.mktemp("shared") / "home", free_port())
    made = homestead("init", "--port", str(homestead.port))
    assert made.status == 0, made.err
    homestead.serve()
    yield homestead
    homestead.end()


@pytest.fixture(scope="module")
def as_made(shared_home: Homestead) -> dict[Path, bytes]:
    """The files of `shared_home`'s tenant before any test."""
    return _files(shared_home)


@pytest.fixture
def restored_home(shared_home: Homestead, as_made: dict[Path, bytes]) -> Iterator[Homestead]:
    """A `shared_home` for tests that change the tenant, which is put back and applied again. Its requests stay."""
    port = shared_home.port
    yield shared_home
    shared_home.port = port
    shared_home("discard", "default")
    if _files(shared_home) != as_made:
        shutil.rmtree(shared_home.path / "tenants" / "default" / "scripts")
        for file in _files(shared_home).keys() - as_made.keys():
            file.unlink()
        for file, content in as_made.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        applied = shared_home("apply", "default")
        assert applied.status == 0, applied.err


def _files(home: Homestead) -> dict[Path, bytes]:
    tenant = home.path / "tenants" / "default"
    return {file: file.read_bytes() for file in tenant.rglob("*") if file.is_file() and "__pycache__" not in file.parts}
