"""What holds for every test."""

import sys

import pytest

pytest_plugins = ["tests.engine.fixtures"]


@pytest.fixture(autouse=True)
def timer() -> None:
    """The time limit of tests and that of scripts share the process's one interval timer: a test has set it anew."""
    if (limits := sys.modules.get("core.worker.limits")) is not None:
        limits.ALARM.forget()
