"""The control client: how the console and the command line reach an engine."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, TypeVar, overload

import msgspec

from core import VERSION
from core.control import codes
from core.control.greeting import Hello, Role, Welcome
from core.control.methods import METHODS, NOTIFICATIONS
from core.control.named import Empty
from core.errors import Fault, TidegateError

LINE_LIMIT = 64 << 20
"""A frame of 2,000 rows is about 1 MiB; one request whole may be as large as a body may be, in base64."""
CALL_TIMEOUT = 30.0

R = TypeVar("R")


class EngineGone(TidegateError):
    """The engine closed the connection or cannot be reached."""


class ControlError(TidegateError):
    """The engine refused a call; `code` is one of the codes in `core.control.codes`."""

    def __init__(self, code: int, message: str, faults: list[Fault] | None = None) -> None:
        self.code = code
        self.faults = faults or []
        super().__init__(message)


class _Call(msgspec.Struct):
    id: int
    method: str
    params: object
    jsonrpc: str = "2.0"


class _Reply(msgspec.Struct):
    id: int | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw()
    result: msgspec.Raw = msgspec.Raw()
    error: dict[str, Any] | None = None


class ControlClient:
    """One connection to an engine. Calls may overlap; notifications go to `on_notification`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._last_id = 0
        self._listening: asyncio.Task[None] | None = None
        self.on_notification: Callable[[str, Any], None] = lambda name, params: None
        self.on_closed: Callable[[], None] = lambda: None
        self.closed = asyncio.Event()
        self.welcome: Welcome

    @classmethod
    async def connect(cls, socket: Path, role: Role | None = None) -> "ControlClient":
        """A greeted connection over a Unix socket; EngineGone where nothing listens there."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(socket), limit=LINE_LIMIT)
        except (FileNotFoundError, ConnectionError) as error:
            raise EngineGone(f"no engine answers at {socket}") from error
        return await cls.over(reader, writer, role)

    @classmethod
    async def over(
        cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, role: Role | None = None
    ) -> "ControlClient":
        """A greeted connection over any pair of streams, such as ssh's stdio."""
        client = cls(reader, writer)
        client._listening = asyncio.create_task(client._listen())
        try:
            client.welcome = await client.call("hello", Hello(version=VERSION, role=role), Welcome)
        except BaseException:
            await client.close()
            raise
        return client

    @overload
    async def call(self, name: str, params: object, kind: type[R], timeout: float = ...) -> R: ...
    @overload
    async def call(self, name: str, params: object = None, *, timeout: float = ...) -> Any: ...
    async def call(
        self, name: str, params: object = None, kind: type | None = None, timeout: float = CALL_TIMEOUT
    ) -> Any:
        """Calls a method; the result is of the type that METHODS names (give `kind` to tell a type checker).

        Raises ControlError where the engine refuses, EngineGone where it goes away or does not answer in `timeout`.
        """
        if self.closed.is_set():
            raise EngineGone("the engine has gone away")
        self._last_id += 1
        number = self._last_id
        waiting: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        message = _Call(id=number, method=name, params=Empty() if params is None else params)
        try:
            self._writer.write(msgspec.json.encode(message) + b"\n")
            await self._writer.drain()
            async with asyncio.timeout(timeout):
                raw = await waiting
        except TimeoutError as error:
            raise EngineGone(f"the engine did not answer {name} within {timeout:g} s") from error
        except ConnectionError as error:
            raise EngineGone("the engine has gone away") from error
        finally:
            self._waiting.pop(number, None)
        expected: Any = kind or METHODS[name].result
        return msgspec.json.decode(raw, type=expected)

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                self._dispatch(msgspec.json.decode(line, type=_Reply))
        except (ConnectionError, ValueError, msgspec.DecodeError):
            pass  # a peer that breaks off or talks nonsense is gone, which the lines below tell everybody
        finally:
            self.closed.set()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(EngineGone("the engine has gone away"))
            self.on_closed()

    def _dispatch(self, reply: _Reply) -> None:
        if reply.method is not None:
            kind = NOTIFICATIONS.get(reply.method)
            if kind is not None:
                self.on_notification(reply.method, msgspec.json.decode(reply.params, type=kind))
            return
        waiting = self._waiting.get(reply.id or 0)
        if waiting is None or waiting.done():
            return
        if reply.error is None:
            waiting.set_result(reply.result)
            return
        faults = msgspec.convert(reply.error.get("data") or [], list[Fault])
        code = int(reply.error.get("code", codes.INTERNAL_ERROR))
        waiting.set_exception(ControlError(code, str(reply.error.get("message", "")), faults))

    async def close(self) -> None:
        """Ends the connection; calls that wait end with EngineGone."""
        self._writer.close()
        with contextlib.suppress(ConnectionError, OSError):
            await self._writer.wait_closed()
        if self._listening is not None and self._listening is not asyncio.current_task():
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening


@contextlib.asynccontextmanager
async def connected(socket: Path, role: Role | None = None) -> AsyncGenerator[ControlClient]:
    """A connection for the length of a block."""
    client = await ControlClient.connect(socket, role)
    try:
        yield client
    finally:
        await client.close()
