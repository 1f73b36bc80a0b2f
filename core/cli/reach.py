"""How a command reaches an engine: the one that runs for its home, or, where none does, the home itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from core.config.home import Home, HomeLock, find_home
from core.control.address import control_socket
from core.control.client import CALL_TIMEOUT, ControlClient, EngineGone
from core.control.named import Empty
from core.errors import TidegateError

if TYPE_CHECKING:
    from core.engine.service import Service

R = TypeVar("R")


class Engine(Protocol):
    """What answers a command's calls: an engine over its control socket, or its functions in this process."""

    @overload
    async def call(self, name: str, params: object, kind: type[R], timeout: float = ...) -> R: ...
    @overload
    async def call(self, name: str, params: object = None, *, timeout: float = ...) -> Any: ...


class NoEngine(TidegateError):
    """A command needs a running engine and none runs."""

    def __init__(self, home: Path) -> None:
        super().__init__(f"no engine runs for {home}: start one with `tidegate serve`, or open the console")


class Offline:
    """The engine's functions in this process, called as over the control socket."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def call(
        self, name: str, params: object = None, kind: type | None = None, timeout: float = CALL_TIMEOUT
    ) -> Any:
        return await self._service.call(name, Empty() if params is None else params)


@contextlib.asynccontextmanager
async def reach(home: Path, *, offline_ok: bool = True, make: bool = False) -> AsyncGenerator[Engine]:
    """An engine for the length of a block.

    Where none runs and `offline_ok`, this process takes the home's lock and works in the engine's place; a home that
    is none yet is made only where `make` says so. Raises NoEngine where that will not do, and says what is missing
    where there is an engine that may not be reached.
    """
    engine = await running(home)
    if engine is not None:
        try:
            yield engine
        finally:
            await engine.close()
        return
    if not offline_ok:
        raise NoEngine(home)
    if not (make or Home(home).exists()):
        raise TidegateError(f"{home} is no home: `tidegate init` makes one")
    from core.engine.service import Service

    async with Service.offline(home) as service:
        yield Offline(service)


async def running(home: Path) -> ControlClient | None:
    """A connection to the engine that runs for `home`; None where none runs."""
    socket = control_socket(home)
    try:
        return await ControlClient.connect(socket)
    except PermissionError as error:
        raise TidegateError(forbidden(socket)) from error
    except (EngineGone, OSError) as error:
        holder = HomeLock(Home(home)).holder()
        if holder is None:
            return None
        raise TidegateError(
            f"process {holder} holds {home} and does not answer at {socket}: it is starting, stopping or stuck"
        ) from error


def forbidden(socket: Path) -> str:
    """Why the control socket may not be opened, and who can help."""
    import grp

    try:
        facts = socket.stat()
    except OSError:
        return f"{socket} may not be opened: its folder belongs to others; ask who runs the engine to let you in"
    if not facts.st_mode & 0o060:
        return f"{socket} is its owner's alone: the engine's instance.toml lets a group in with [control] group"
    try:
        group = grp.getgrgid(facts.st_gid).gr_name
    except KeyError:
        group = str(facts.st_gid)
    return f"{socket} may be opened by group {group}, which you are not in: ask to be added, then log in again"


def with_engine(home: Path | None, work: Callable[[Engine], Awaitable[R]], *, offline_ok: bool = True) -> R:
    """Runs a command's `work` on the engine of the home that its --home means."""

    async def reached() -> R:
        async with reach(find_home(home), offline_ok=offline_ok) as engine:
            return await work(engine)

    return asyncio.run(reached())
