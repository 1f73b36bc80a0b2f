import os

import pytest

from core.groovy import discovery
from core.groovy.build import Built, build
from core.groovy.discovery import Missing


@pytest.fixture(scope="session")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Built | None:
    """The compiled sidecar, shared with tests/groovy; None on a machine without Groovy."""
    found = discovery.find()
    if isinstance(found, Missing):
        return None
    shared = tmp_path_factory.getbasetemp()
    return build(found, (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "groovy")
