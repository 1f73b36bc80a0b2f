"""`tidegate serve`: the engine as a process."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

from core.catalogue.registry import BUILT_IN, catalogue
from core.config.home import Home, HomeLock
from core.config.instance import read_instance
from core.engine.background import Background
from core.engine.control_server import ControlServer
from core.engine.engine import Engine, Mode
from core.engine.live_service import LiveService
from core.engine.ports import raise_file_limit
from core.errors import ConfigurationError

LOG = logging.getLogger("tidegate.engine")


def serve(home: Path, mode: Mode = "serve", packages: tuple[str, ...] = BUILT_IN) -> int:
    """Runs the engine of `home` until SIGTERM or SIGINT, and drains it; the exit status.

    TidegateError says why it cannot: HomeLocked where another runs, ConfigurationError for instance.toml.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    os.umask(0o027)  # what a home holds is for its owner, and for the group of its folders at most
    place = Home(home)
    with HomeLock(place):
        instance, faults = read_instance(place)
        if faults:
            raise ConfigurationError(faults)
        raise_file_limit()
        components = catalogue(packages)

        async def run() -> None:
            await run_engine(Engine(place, instance, components, mode))

        asyncio.run(run())
    return 0


async def run_engine(engine: Engine) -> None:
    """Starts, says `ready` on stdout, waits for the end, drains."""
    reloading = Background()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, engine.ending.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: reloading.run(engine.reload()))
    server = ControlServer(engine.home, engine.instance.control, LiveService(engine).dispatch)
    try:
        await engine.load()
        await server.start()
        await _start_and_wait(engine)
    finally:
        await engine.stop()
        await server.stop()
        await engine.close()


async def _start_and_wait(engine: Engine) -> None:
    starting = asyncio.create_task(engine.start())
    ending = asyncio.create_task(engine.ending.wait())
    await asyncio.wait([starting, ending], return_when=asyncio.FIRST_COMPLETED)
    if starting.done():
        for fault in starting.result():
            print(f"tidegate: {fault}", file=sys.stderr)
        with contextlib.suppress(OSError):
            print("ready", flush=True)
    await ending
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
