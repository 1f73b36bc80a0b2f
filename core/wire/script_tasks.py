"""Whose a task is: one that a script makes runs under its limits, and ends with its connection."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

R = TypeVar("R")


class Owner(Protocol):
    """A connection whose script makes tasks."""

    tasks: set[asyncio.Task[Any]]

    async def limited(self, coroutine: Coroutine[Any, None, R]) -> R:
        """Runs a coroutine of the script's, step by step under its time limit."""
        ...


class ScriptTasks:
    """Makes the tasks of a loop: those of scripts, and all others as ever."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._owner: Owner | None = None
        """Whose script runs at this moment."""
        loop.set_task_factory(self._make)

    def of(self, owner: Owner, coroutine: Coroutine[Any, None, R]) -> Coroutine[Any, None, R]:
        """The coroutine, with a note of whose it is for as long as it runs."""
        return _Owned(self, owner, coroutine)

    def _make(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any
    ) -> asyncio.Task[Any]:  # as asyncio passes them on
        owner = self._owner
        if owner is None:
            return asyncio.Task(coroutine, loop=loop, **more)
        task = asyncio.Task(owner.limited(coroutine), loop=loop, **more)
        owner.tasks.add(task)
        task.add_done_callback(owner.tasks.discard)
        return task

    def step(self, owner: Owner, step: Callable[..., Any], *arguments: Any) -> Any:
        """One step of a coroutine of the owner's."""
        self._owner = owner
        try:
            return step(*arguments)
        finally:
            self._owner = None


class _Owned(Coroutine[Any, None, R]):
    def __init__(self, tasks: ScriptTasks, owner: Owner, inner: Coroutine[Any, None, R]) -> None:
        self._tasks = tasks
        self._owner = owner
        self._inner = inner

    def send(self, value: None) -> Any:
        return self._tasks.step(self._owner, self._inner.send, value)

    def throw(self, *raised: Any) -> Any:
        return self._tasks.step(self._owner, self._inner.throw, *raised)

    def close(self) -> None:
        self._inner.close()

    def __await__(self) -> Any:
        return self._inner.__await__()
