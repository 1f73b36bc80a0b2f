"""What is done to a site while devices send: one function each, called at a random moment."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Final

from core.control.client import connected
from core.control.configurations import Applied, Apply, Configuration, Stage
from core.control.named import OfTenant
from core.control.replays import Replay, ReplayStatus
from core.errors import TidegateError
from core.model.dates import date_text
from tests.torture.site import Site

DECODED_AGAIN: Final = 10_000
"""Milliseconds: what was received in them before a replay begins is decoded again."""

CONSOLE_PATIENCE = 60.0
"""Seconds in which a console shows something, on a machine that is at its limit."""


class Harm:
    """Does harm to a site, and says what it did. Whatever it takes away it gives back: an engine that was killed is
    started again, a worker that was stopped goes on."""

    def __init__(self, site: Site, random: random.Random, say: Callable[[str], None]) -> None:
        self.site = site
        self.random = random
        self.say = say
        self.slowest_start = 0.0
        self._beside: set[asyncio.Task[None]] = set()
        self.kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "worker": lambda: self._kill("worker"),
            "jvm": lambda: self._kill("jvm"),
            "replay": self._replay_and_kill,
            "console": self._console,
            "pause": self._pause,
            "engine": self._engine,
            "engine twice": self._engine_twice,
            "engine and worker": self._engine_and_worker,
            "all": self._all,
            "restart": self._restart,
            "apply": self._apply,
            "apply and kill": self._apply_and_kill,
        }

    async def ended(self) -> None:
        """Waits for what goes on beside the harm: an apply, a pause."""
        await asyncio.gather(*self._beside)

    def _run_beside(self, work: Awaitable[None]) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._beside.add(task)

    async def _wait(self, most: float) -> None:
        await asyncio.sleep(self.random.uniform(0.0, most))

    async def _kill(self, role: str) -> None:
        pid = self.site.victim(role, self.random)
        if pid is None:
            self.say(f"no {role} to kill")
        else:
            self.say(f"kills the {role} {pid}")
            self.site.kill(pid)

    async def _pause(self) -> None:
        pid = self.site.victim("worker", self.random)
        if pid is None:
            return
        seconds = self.random.uniform(0.1, 1.5)
        self.say(f"stops the worker {pid} for {seconds:.1f} s")
        os.kill(pid, signal.SIGSTOP)
        self._run_beside(self._go_on(pid, seconds))

    async def _go_on(self, pid: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    async def _engine(self) -> None:
        self.say("kills the engine")
        await self.site.end_engine(signal.SIGKILL)
        await self._start()

    async def _engine_twice(self) -> None:
        self.say("kills the engine, and the next while it starts")
        await self.site.end_engine(signal.SIGKILL)
        await self.site.start()
        await self._wait(1.0)
        await self.site.end_engine(signal.SIGKILL)
        await self._start()

    async def _engine_and_worker(self) -> None:
        pid = self.site.victim("worker", self.random)
        self.say(f"kills the engine and the worker {pid}")
        assert self.site.engine is not None
        self.site.kill(self.site.engine.pid)
        if pid is not None:
            self.site.kill(pid)
        await self.site.end_engine(signal.SIGKILL)
        await self._start()

    async def _all(self) -> None:
        processes = self.site.processes()
        self.random.shuffle(processes)
        self.say(f"kills all at once: {len(processes)} processes")
        for process in processes:
            self.site.kill(process.pid)
        self.site.close_console()
        await self.site.end_engine(signal.SIGKILL)
        await self._start()

    async def _restart(self) -> None:
        self.say("restarts the engine")
        status = await self.site.end_engine(signal.SIGTERM)
        assert status == 0, f"the engine ended with status {status}"
        await self._start()

    async def _start(self) -> None:
        took = await self.site.ready(await self.site.start())
        self.slowest_start = max(self.slowest_start, took)
        self.say(f"an engine is ready after {took:.1f} s")

    async def _console(self) -> None:
        if self.site.console is None:
            self.say("opens a console")
            async with asyncio.timeout(CONSOLE_PATIENCE):
                await self.site.open_console().shown.wait()
        else:
            self.say("kills the console")
            self.site.close_console()

    async def _replay_and_kill(self) -> None:
        """Begins a replay of what came in just now; kills its process, which the engine begins again."""
        since = date_text(int(time.time() * 1000) - DECODED_AGAIN)
        self.say("begins a replay")
        asked = Replay(tenant="default", source=self.random.choice(("http", "lines")), since=since, rate=1000)
        with contextlib.suppress(TidegateError):  # one runs already
            async with self.site.control() as client:
                await client.call("replays.start", asked, ReplayStatus)
        await self._wait(1.0)
        await self._kill("replay")

    async def _apply(self) -> None:
        self.say("applies a changed configuration")
        self._run_beside(self._change())
        await self._wait(0.5)

    async def _apply_and_kill(self) -> None:
        await self._apply()
        await self.random.choice((lambda: self._kill("worker"), self._engine))()

    async def _change(self) -> None:
        self.site.applied += 1
        try:
            async with connected(self.site.home / "data" / "control.sock") as client:
                now = await client.call("configuration.get", OfTenant("default"), Configuration)
                base = (now.staged or now.active).revision
                text = self.site.configuration()
                await client.call("configuration.stage", Stage(tenant="default", text=text, base=base))
                applied = await client.call("configuration.apply", Apply(tenant="default"), Applied)
                self.say("applied" if applied.applied else f"not applied: {applied.reason}")
        except (TidegateError, OSError) as error:
            self.say(f"not applied: {error}")
