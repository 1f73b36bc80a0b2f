"""Work in the background: held on to while it runs, and never failing unheard."""

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from typing import Any

LOG = logging.getLogger("tidegate.engine")


class Background:
    """Tasks that nobody awaits. One that fails is logged with its traceback; an engine does not end for it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[asyncio.Task[None]]:
        return iter(tuple(self._tasks))

    def run(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            name = getattr(task.get_coro(), "__qualname__", task.get_name())
            LOG.error("%s failed", name, exc_info=error)

    async def settled(self) -> None:
        """Waits for what runs now, however it ends."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def cancel(self) -> None:
        """Ends everything."""
        for task in self._tasks:
            task.cancel()
        await self.settled()
