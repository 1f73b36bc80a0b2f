"""The control socket: JSON-RPC 2.0, one message a line, `hello` first (core.control.methods has them)."""

import asyncio
import contextlib
import grp
import logging
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from core import VERSION
from core.config.home import Home
from core.config.instance import ControlSettings
from core.control import codes
from core.control.client import LINE_LIMIT
from core.control.greeting import PROTOCOL, Hello, Role
from core.control.methods import METHODS
from core.engine.roles import peer_user, role_of
from core.errors import ConfigurationError, Conflict, Fault, NotFound, TidegateError

LOG = logging.getLogger("tidegate.control")

MOST_CALLS = 32
"""Calls of one connection that may be under way; further lines are not read meanwhile."""
MOST_UNSENT = 4 << 20
"""Bytes that may wait for a slow reader; notifications are left out past it, and frames count what they leave out."""
LINGER_SECONDS = 1.0
"""What a connection that ends may take to read what was said to it last."""


class _Call(msgspec.Struct):
    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    id: int | str | None = None


class CallFault(TidegateError):
    """A call that is refused with a code of its own."""

    def __init__(self, code: int, message: str, faults: list[Fault] | None = None) -> None:
        self.code = code
        self.faults = faults or []
        super().__init__(message)


class Peer:
    """One connection: what it may do, and a way to tell it things."""

    def __init__(self, writer: asyncio.StreamWriter, allowed: Role) -> None:
        self.allowed: Role = allowed
        self.role: Role | None = None
        """Its role, once it has said hello."""
        self.closed: list[Callable[[], None]] = []
        """Called when it has gone."""
        self._writer = writer

    def can_take(self) -> bool:
        """Whether it keeps up; what cannot be sent is left out, never piled up."""
        return not self._writer.is_closing() and self._writer.transport.get_write_buffer_size() < MOST_UNSENT

    def notify(self, name: str, params: object) -> None:
        self._send({"jsonrpc": "2.0", "method": name, "params": params})

    async def answer(self, message: dict[str, Any]) -> None:
        """Sends an answer and waits until the peer takes it, so that its calls go no faster than it reads."""
        self._send(message)
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    def _send(self, message: dict[str, Any]) -> None:
        if not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(message) + b"\n")

    async def close(self) -> None:
        """Ends the connection; a peer that does not read what it was sent does not hold it open."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await self._writer.wait_closed()
        self._writer.transport.abort()


Dispatch = Callable[[str, Any, Peer], Awaitable[object]]


class ControlServer:
    """Listens on the control socket and dispatches calls."""

    def __init__(self, home: Home, control: ControlSettings, dispatch: Dispatch) -> None:
        self._home = home
        self._path = home.control_socket()
        self._control = control
        self._dispatch = dispatch
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Binds the socket: the engine's user alone may open it, or a group where one is named."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._connected, str(self._path), limit=LINE_LIMIT)
        finally:
            os.umask(before)
        if self._control.group:
            self._let_in(self._control.group)

    def _let_in(self, group: str) -> None:
        """Opens the socket to a group, and the way to it: the folders can be passed through, not looked into."""
        try:
            os.chown(self._path, -1, grp.getgrnam(group).gr_gid)
            os.chmod(self._path, 0o660)
            for file in self._home.data.iterdir():
                if stat.S_ISREG(mode := file.lstat().st_mode) and file != self._home.control_path_file:
                    file.chmod(stat.S_IMODE(mode) & ~0o007)
            own = {self._path.parent} if self._path.parent.name.startswith("tidegate-") else set[Path]()
            for folder in {self._home.data, self._home.root} | own:
                folder.chmod(stat.S_IMODE(folder.stat().st_mode) | 0o001)
        except (KeyError, OSError) as error:
            LOG.error("[control] group = %r cannot be let in: %s", group, error)

    async def stop(self) -> None:
        """Closes the socket and every connection."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        peer = Peer(writer, role_of(peer_user(writer.get_extra_info("socket")), self._control))
        try:
            await self._serve(reader, peer)
        except asyncio.CancelledError:
            pass  # the server stops
        finally:
            for callback in peer.closed:
                callback()
            await peer.close()
            self._connections.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, peer: Peer) -> None:
        free = asyncio.Semaphore(MOST_CALLS)
        async with asyncio.TaskGroup() as calls:
            while line := await _next_line(reader, peer):
                await free.acquire()
                task = calls.create_task(self._answer(line, peer))
                task.add_done_callback(lambda _: free.release())
                if peer.role is None:
                    await asyncio.wait([task])
                    if peer.role is None:
                        return

    async def _answer(self, line: bytes, peer: Peer) -> None:
        try:
            call = msgspec.json.decode(line, type=_Call)
        except msgspec.MsgspecError as error:
            await peer.answer(_error(None, codes.PARSE_ERROR, f"no JSON-RPC call: {error}"))
            return
        try:
            result = await self._call(call, peer)
        except CallFault as fault:
            answer = _error(call.id, fault.code, str(fault), fault.faults)
        except ConfigurationError as error:
            answer = _error(call.id, codes.FAULTY, str(error), error.faults)
        except Conflict as error:
            answer = _error(call.id, codes.CONFLICT, str(error))
        except NotFound as error:
            answer = _error(call.id, codes.NOT_FOUND, str(error))
        except TidegateError as error:
            answer = _error(call.id, codes.REFUSED, str(error))
        except Exception as error:
            LOG.exception("%s failed", call.method)
            answer = _error(call.id, codes.INTERNAL_ERROR, f"{call.method} failed: {type(error).__name__}: {error}")
        else:
            answer = {"jsonrpc": "2.0", "id": call.id, "result": result}
        if call.id is not None:
            await self._deliver(answer, call, peer)

    async def _deliver(self, answer: dict[str, Any], call: _Call, peer: Peer) -> None:
        try:
            await peer.answer(answer)
        except (TypeError, ValueError) as error:  # no JSON: an error of this program, which must not end other calls
            LOG.exception("%s cannot be answered", call.method)
            message = f"{call.method}: its result cannot be written: {error}"
            await peer.answer(_error(call.id, codes.INTERNAL_ERROR, message))

    async def _call(self, call: _Call, peer: Peer) -> object:
        method = METHODS.get(call.method)
        if method is None:
            raise CallFault(codes.METHOD_NOT_FOUND, f"there is no method {call.method}")
        params_type: Any = method.params
        try:
            params = msgspec.json.decode(call.params, type=params_type)
        except msgspec.MsgspecError as error:
            raise CallFault(codes.INVALID_PARAMS, f"{call.method}: {error}") from error
        if isinstance(params, Hello):
            peer.role = agreed_role(params, peer.allowed)
        elif peer.role is None:
            raise CallFault(codes.INVALID_REQUEST, "the first call must be hello")
        elif method.role == "admin" and peer.role != "admin":
            raise CallFault(codes.NOT_ALLOWED, f"{call.method} is for admins; you may look, not change")
        return await self._dispatch(call.method, params, peer)


async def _next_line(reader: asyncio.StreamReader, peer: Peer) -> bytes:
    """The next message; empty where the peer has gone, or has sent a line beyond the limit.

    Nothing is raised, for that would end the calls under way, and an apply must not end half way for its caller.
    """
    try:
        return await reader.readline()
    except ConnectionError:
        return b""
    except ValueError:
        await peer.answer(_error(None, codes.INVALID_REQUEST, f"the message is longer than {LINE_LIMIT} bytes"))
        return b""


def agreed_role(hello: Hello, allowed: Role) -> Role:
    """The caller's role; CallFault where the protocols do not fit."""
    if hello.protocol != PROTOCOL:
        raise CallFault(
            codes.MISFIT,
            f"this console (Tidegate {hello.version or 'unknown'}, protocol {hello.protocol}) does not fit the engine "
            f"(Tidegate {VERSION}, protocol {PROTOCOL})",
        )
    return "viewer" if "viewer" in (hello.role, allowed) else "admin"


def _error(id: int | str | None, code: int, message: str, faults: list[Fault] | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    if faults:
        error["data"] = faults
    return {"jsonrpc": "2.0", "id": id, "error": error}
