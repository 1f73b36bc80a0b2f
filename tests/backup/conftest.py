from collections.abc import Iterator

import pytest

from tests.disks import Mount, small_disks


@pytest.fixture
def mount() -> Iterator[Mount]:
    with small_disks() as mount:
        yield mount
