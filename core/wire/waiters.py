"""Who waits for something on a connection: woken together, or told together that it will not be."""

import asyncio


class Waiters:
    """Coroutines that wait for one thing."""

    __slots__ = ("_futures",)

    def __init__(self) -> None:
        self._futures: set[asyncio.Future[None]] = set()

    def __bool__(self) -> bool:
        return bool(self._futures)

    async def wait(self) -> None:
        """Until `wake`, or with what `fail` is given."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._futures.add(future)
        try:
            await future
        finally:
            self._futures.discard(future)

    def wake(self) -> None:
        for future in self._futures:
            if not future.done():
                future.set_result(None)

    def fail(self, error: Exception) -> None:
        for future in self._futures:
            if not future.done():
                future.set_exception(error)
