"""A throw-away home with an engine and live traffic: what `tidegate demo` shows.

The engine is a child that ends with whoever started it, however that ends, and takes the home with it.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from core.cli.listing import EventListing, pages
from core.cli.reach import Engine, reach
from core.cli.send import line_maker, parse_target
from core.cli.simulator.devices import device_ids, lora
from core.cli.simulator.request import Form
from core.cli.simulator.simulation import Plan, Simulation
from core.cli.simulator.tally import Tally
from core.cli.tutorial import free_port, make_tenant
from core.config.store import default_name
from core.control.received import Query
from core.errors import TidegateError

TENANT = "default"
START_LIMIT = 20.0
"""Seconds until the engine must be ready."""
END_LIMIT = 15.0
"""Seconds that it may take to drain."""
DEVICES = 12
CONNECTIONS = 4
BAD = 0.01
"""Share of payloads that are cut off, so that a failure shows now and then."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration."""

    home: Path
    url: str
    traffic: "DemoTraffic"
    engine: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Ends the traffic and the engine and removes the home."""
        self.traffic.stop()
        if self.engine.stdin:
            self.engine.stdin.close()
        try:
            self.engine.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            self.engine.kill()
            self.engine.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def start_demo(rate: float) -> Demo:
    """Makes the home, starts the engine on it and the traffic to it; TidegateError says why it cannot."""
    home = Path(tempfile.mkdtemp(prefix="tidegate-demo-"))
    try:
        port = free_port()
        asyncio.run(_fill(home, port))
        engine = _start_engine(home)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    url = f"http://127.0.0.1:{port}/lora"
    return Demo(home, url, DemoTraffic(url, rate), engine)


async def _fill(home: Path, port: int) -> None:
    async with reach(home, make=True) as engine:
        await make_tenant(engine, TENANT, default_name(TENANT), port)


def _start_engine(home: Path) -> subprocess.Popen[bytes]:
    log = home / "data" / "engine.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        engine = subprocess.Popen(
            [sys.executable, "-m", "core.cli.throwaway", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=out,
            cwd="/",  # where no folder is called core
            start_new_session=True,  # ctrl+c at the terminal is the console's to hear
        )
    late = threading.Timer(START_LIMIT, engine.kill)
    late.start()
    try:
        assert engine.stdout is not None
        if engine.stdout.readline().strip() != b"ready":
            engine.kill()
            raise TidegateError(f"the demo's engine did not start\n{log.read_text(errors='replace')}".rstrip())
    finally:
        late.cancel()
    return engine


async def count_events(engine: Engine) -> int:
    """How many events the engine has."""
    return sum([len(page.rows) async for page in pages(engine, EventListing(as_json=True), Query(), None)])


class DemoTraffic:
    """Simulated devices in a thread of this process, until `stop`."""

    def __init__(self, url: str, rate: float) -> None:
        self.tally = Tally()
        self._plan = Plan(connections=CONNECTIONS, rate=rate)
        self._target = parse_target(url)
        self._ended = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._simulation: Simulation | None = None
        self._thread = threading.Thread(target=self._run, name="demo-traffic", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends it, with the answers that are under way."""
        self._ended.set()
        if self._loop and self._simulation:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._simulation.stop)
        self._thread.join(END_LIMIT)

    def _run(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(TidegateError):  # the engine is stopped: try again until it is back
                asyncio.run(self._send())
            self._ended.wait(1.0)

    async def _send(self) -> None:
        make = line_maker(self._target, Form())
        payloads = lora(device_ids(DEVICES), bad=BAD)
        self._loop, self._simulation = asyncio.get_running_loop(), Simulation(self._target, make, payloads, self._plan)
        self._simulation.tally = self.tally
        await self._simulation.run()


def _serve(home: Path) -> int:
    """The engine's process: ends when its starter does, which closes this end of stdin."""
    from core.engine.main import serve

    def end_with_starter() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_starter, daemon=True).start()
    try:
        return serve(home, "demo")
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(_serve(Path(sys.argv[1])))
