from collections.abc import Callable
from functools import cache

import pytest

from core.profiles import profile_named
from tests.profiles.profiling import Profiled


@pytest.fixture(scope="session")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Profiled]:
    """Gives a profile of that name with its script loaded."""
    return cache(lambda name: Profiled(profile_named(name), tmp_path_factory.mktemp(name)))
