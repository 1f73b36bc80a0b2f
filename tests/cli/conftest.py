import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.tidegate import Homestead, free_port


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home made by `tidegate init`, to be copied."""
    made = Homestead(tmp_path_factory.mktemp("made") / "home", 8484)
    done = made("init", "--port", "8484")
    assert done.status == 0, done.err
    return made.path


@pytest.fixture
def home(made_home: Path, tmp_path: Path) -> Iterator[Homestead]:
    """A home as `tidegate init` makes it, with the tutorial's source on a free port."""
    homestead = Homestead(tmp_path / "home", free_port())
    shutil.copytree(made_home, homestead.path)
    file = homestead.path / "tenants" / "default" / "tenant.toml"
    file.write_text(file.read_text().replace("port = 8484", f"port = {homestead.port}"))
    yield homestead
    homestead.end()
