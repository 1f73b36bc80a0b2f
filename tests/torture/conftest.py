import pytest

from core.groovy import discovery
from core.groovy.build import Built
from core.groovy.discovery import Missing
from tests.groovy.conftest import shared_build


@pytest.fixture(scope="session")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Built | None:
    """The compiled sidecar, shared with tests/groovy; None on a machine without Groovy."""
    found = discovery.find()
    if isinstance(found, Missing):
        return None
    return shared_build(found, tmp_path_factory)
