"""What every test with Groovy needs: a machine that has it, and one sidecar a module."""

import asyncio
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.groovy import class_data, discovery
from core.groovy.build import Built, build
from core.groovy.discovery import Found, Missing
from core.groovy.sidecar import Sidecar
from tests.cli.tidegate import until


@pytest.fixture(scope="session")
def groovy() -> Found:
    """What this machine has. Without it the test is skipped, with the packages' names; in CI it fails."""
    found = discovery.find()
    if isinstance(found, Missing):
        if os.environ.get("CI") == "true":
            pytest.fail(found.reason)
        pytest.skip(found.reason)
    return found


@pytest.fixture(scope="session")
def built(groovy: Found, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The compiled sidecar: once for all tests of this user, so that each worker of pytest need not wait for it."""
    return shared_build(groovy, tmp_path_factory)


def shared_build(found: Found, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sidecar as an engine has it that has used it before: compiled, with the archive that halves a JVM's start."""
    shared = tmp_path_factory.getbasetemp()
    cache = (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "groovy"
    built = build(found, cache)
    with (cache / "class-data").open("wb") as lock, pytest.MonkeyPatch.context() as at_once:
        fcntl.flock(lock, fcntl.LOCK_EX)
        at_once.setattr(class_data, "LATER", 0.0)
        asyncio.run(class_data.make_class_data(built))
    return built


def give_build(home: Path, built: Built) -> None:
    """Has a home use what is compiled already, which saves its engine some seconds."""
    (home / "data").mkdir(exist_ok=True)
    (home / "data" / "groovy").symlink_to(built.folder.parent)


class RunningSidecar:
    """A sidecar on a loop of its own, for tests that talk to it from outside."""

    def __init__(self, built: Built, path: Path) -> None:
        self.path = path
        self._loop = asyncio.new_event_loop()
        self._began = threading.Event()
        self._end: asyncio.Event
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(built),))
        self.sidecar: Sidecar
        self._thread.start()
        self._began.wait()

    async def _run(self, built: Built) -> None:
        self._end = asyncio.Event()
        self.sidecar = Sidecar(built.found, built.folder.parent, self.path)
        self.sidecar.start()
        self._began.set()
        await self._end.wait()
        await self.sidecar.stop()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


@pytest.fixture(scope="module")
def sidecar(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of a running sidecar; one for all tests of a module."""
    running = RunningSidecar(built, tmp_path_factory.mktemp("groovy") / "groovy.sock")
    until(lambda: running.sidecar.lifecycle.state == "started", "the sidecar")
    yield running.path
    running.end()
