"""What holds for every test."""

import os
import signal
import sys

import pytest

pytest_plugins = ["tests.engine.fixtures"]

# Tests start Tidegate a thousand times. Where compiled modules are not kept, each start takes twice as long.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What is started in the background may ignore SIGINT, and so would all that tests start and then interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many `-n auto` is: a third of their time tests wait for processes, and for time limits to pass."""
    return (os.cpu_count() or 1) * 3 // 2


@pytest.fixture(autouse=True)
def timer() -> None:
    """The time limit of tests and that of scripts share the process's one interval timer: a test has set it anew."""
    if (limits := sys.modules.get("core.worker.limits")) is not None:
        limits.ALARM.forget()
