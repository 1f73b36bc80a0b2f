"""A worker's connection to the Groovy sidecar: pipelined calls that survive the sidecar's death.

Theory of operation. Calls are sent as they come, at most `MOST_SENT` unanswered; the rest waits here. When the
connection is lost the listening socket is still the engine's, so a new connection waits in it for the next JVM. The
slot says which call the dead JVM had begun. What it had not begun is sent again; the begun one is sent first and
alone; if that ends a JVM again, it has failed. A call that no JVM begins within `WAIT_SECONDS` is given back.
"""

import asyncio
import contextlib
import os
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.errors import Fault, TidegateError
from core.groovy.frames import (
    FAILED,
    HELLO,
    LOAD,
    OK,
    RUN,
    Failure,
    Hello,
    Kind,
    Load,
    Loaded,
    frame,
    run_body,
)
from core.groovy.poison import Poisoned
from core.groovy.wire import Wire
from core.scripting.python_script import ScriptError

MOST_SENT = 64
"""Unanswered calls: enough to hide the way there and back, few enough to send again."""
WAIT_SECONDS = 20.0
"""How long a request waits for a JVM to begin it: as long as one takes to start, and some."""
LOAD_SECONDS = 20.0
FROZEN_AFTER = 4.0
"""Seconds past its limit after which a call that a JVM has begun and does not answer means that the JVM is frozen."""
RECONNECT_AFTER = 0.1
SWEEP_EVERY = 0.25

Done = Callable[[bytes | None, Failure | None], None]
"""The result's body, or why it failed; neither: it was not begun in time, or the link was closed."""


@dataclass(slots=True)
class Call:
    """One RUN, as it can be sent again to another JVM."""

    script: str
    limit: float
    metadata: bytes
    state: bytes
    payload: bytes
    done: Done
    since: float
    died: int = 0
    """How many JVMs ended while they ran it."""


class GroovyLink:
    """The link of one worker. Scripts are loaded with `load`, run with `run`."""

    def __init__(self, path: str, tenant: str, source: str, folders: list[Path]) -> None:
        self._path = path
        self._who = (tenant, source, [str(folder) for folder in folders])
        self._loop = asyncio.get_running_loop()
        self._kinds: dict[str, Kind] = {}
        self._loaded: dict[str, Loaded] = {}
        self._last_id = 0
        self._waiting: deque[Call] = deque()
        self._sent: dict[int, Call] = {}
        self._replies: dict[int, asyncio.Future[tuple[int, bytes]]] = {}
        self._wire: Wire | None = None
        self._transport: asyncio.Transport | None = None
        self._slot: int | None = None
        self._up = False
        self._alone: Call | None = None
        """The call that is sent again by itself, for it may have ended a JVM."""
        self._poisoned = Poisoned(self._loop.time)
        self._connecting: asyncio.Task[None] | None = None
        self._sweeping = self._loop.create_task(self._sweep())
        self._closed = False

    async def load(self, script: str, kind: Kind) -> Loaded:
        """Has a script compiled; ScriptError says where it is wrong and leaves what was loaded before in place."""
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                if not self._up:
                    self._connect()
                    await self._connected()
                loaded = await self._load(script, kind)
        except TimeoutError:
            raise TidegateError(f"Groovy did not compile {script} within {LOAD_SECONDS:g} s") from None
        except ConnectionError as error:
            raise TidegateError("the Groovy sidecar ended while it compiled; save the script again") from error
        self._kinds[script], self._loaded[script] = kind, loaded
        self._poisoned.clear()
        return loaded

    async def _connected(self) -> None:
        while self._transport is None:
            if self._connecting is None or self._connecting.done():
                self._connect()
            await asyncio.sleep(0.02)

    async def _load(self, script: str, kind: Kind) -> Loaded:
        op, body = await self._ask(LOAD, msgspec.json.encode(Load(script=script, kind=kind)))
        if op == OK:
            return msgspec.json.decode(body, type=Loaded)
        failure = msgspec.json.decode(body, type=Failure)
        raise ScriptError(Fault(file=failure.file or script, line=failure.line, message=failure.reason))

    async def _ask(self, op: int, body: bytes) -> tuple[int, bytes]:
        if self._transport is None:
            raise ConnectionError("no connection")
        self._last_id += 1
        reply: asyncio.Future[tuple[int, bytes]] = self._loop.create_future()
        self._replies[self._last_id] = reply
        self._transport.write(frame(self._last_id, op, body))
        return await reply

    def run(self, script: str, limit: float, metadata: bytes, state: bytes, payload: bytes, done: Done) -> None:
        """Runs a loaded script; `done` is called once, later."""
        if self._poisoned.holds(script, payload):
            self._loop.call_soon(done, None, Failure(reason="not decoded again: these bytes ended the JVM twice"))
            return
        self._waiting.append(Call(script, limit, metadata, state, payload, done, self._loop.time()))
        self._pump()

    def _pump(self) -> None:
        """Sends what may be sent."""
        if not self._up or self._alone is not None or self._transport is None:
            return
        while self._waiting and len(self._sent) < MOST_SENT:
            self._send(self._waiting.popleft())

    def _send(self, call: Call) -> None:
        assert self._transport is not None
        self._last_id += 1
        self._sent[self._last_id] = call
        handle = self._loaded[call.script].handle
        body = run_body(handle, call.limit, call.metadata, call.state, call.payload)
        self._transport.write(frame(self._last_id, RUN, body))

    def answered(self, id: int, op: int, body: bytes) -> None:
        """A frame of the sidecar's."""
        reply = self._replies.pop(id, None)
        if reply is not None:
            if not reply.done():
                reply.set_result((op, body))
            return
        call = self._sent.pop(id, None)
        if call is None:
            return
        if call is self._alone:
            self._alone = None
        failure = msgspec.json.decode(body, type=Failure) if op == FAILED else None
        call.done(None if failure else body, failure)
        self._pump()

    def lost(self, wire: Wire) -> None:
        """The connection has ended: the JVM was replaced, or died."""
        if wire is not self._wire:
            return
        begun = self._begun() or self._blamed
        self._blamed = 0
        self._wire = self._transport = None
        self._up = False
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(ConnectionError("the sidecar has gone"))
        self._replies.clear()
        suspect = self._sent.pop(begun, None) if begun else None
        self._waiting.extendleft(reversed(self._sent.values()))
        self._sent.clear()
        self._alone = None
        if suspect is not None:
            self._suspect(suspect)
        if not self._closed:
            self._connect()

    def _suspect(self, call: Call) -> None:
        call.died += 1
        if call.died > 1:
            self._poisoned.add(call.script, call.payload)
            call.done(None, Failure(reason="the JVM ended twice while it decoded this"))
        else:
            self._alone = call

    def _begun(self) -> int:
        """The call that the JVM had begun; 0 for none."""
        slot, self._slot = self._slot, None
        if slot is None:
            return 0
        try:
            return int.from_bytes(os.pread(slot, 8, 0), "big")
        finally:
            os.close(slot)

    def _connect(self) -> None:
        if self._connecting is None or self._connecting.done():
            self._connecting = self._loop.create_task(self._keep_trying())

    async def _keep_trying(self) -> None:
        while not self._closed:
            try:
                await self._connect_once()
            except (OSError, ConnectionError, TimeoutError):
                await asyncio.sleep(RECONNECT_AFTER)
            except ScriptError as error:
                self._fail_all(error.fault)
                await asyncio.sleep(1.0)
            else:
                return

    async def _connect_once(self) -> None:
        tenant, source, folders = self._who
        file, name = tempfile.mkstemp(prefix="tidegate-groovy-")
        os.ftruncate(file, 8)
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                transport, wire = await self._loop.create_unix_connection(lambda: Wire(self), self._path)
                self._transport, self._wire, self._slot = transport, wire, file
                hello = Hello(tenant=tenant, source=source, folders=folders, slot=name)
                await self._ask(HELLO, msgspec.json.encode(hello))
                for script, kind in self._kinds.items():
                    self._loaded[script] = await self._load(script, kind)
        except BaseException:
            if self._slot != file:
                with contextlib.suppress(OSError):
                    os.close(file)
            if self._transport is not None:
                self._transport.abort()
            raise
        finally:
            Path(name).unlink(missing_ok=True)  # both ends have it mapped or open by now
        self._up = True
        if self._alone is not None:
            self._send(self._alone)
        self._pump()

    def _fail_all(self, fault: Fault) -> None:
        """The script cannot be compiled by the JVM that took over: what waits for it has failed."""
        waiting, self._waiting = list(self._waiting), deque()
        if self._alone is not None:
            waiting.insert(0, self._alone)
            self._alone = None
        for call in waiting:
            call.done(None, Failure(reason=fault.message, file=fault.file, line=fault.line))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            now = self._loop.time()
            while self._waiting and now - self._waiting[0].since > WAIT_SECONDS:
                self._waiting.popleft().done(None, None)
            if self._alone is not None and not self._sent and now - self._alone.since > 2 * WAIT_SECONDS:
                call, self._alone = self._alone, None
                call.done(None, None)
            self._look_for_frost(now)

    def _look_for_frost(self, now: float) -> None:
        if self._slot is None or self._transport is None or not self._sent:
            return
        begun = int.from_bytes(os.pread(self._slot, 8, 0), "big")
        oldest = next(iter(self._sent))
        if begun != self._frost[0] or oldest != self._frost[1]:
            self._frost = (begun, oldest, now)
        elif now - self._frost[2] > self._sent[oldest].limit + FROZEN_AFTER:
            self._blamed = oldest
            self._transport.abort()

    _frost: tuple[int, int, float] = (0, 0, 0.0)
    """The call under way, the oldest one sent, and since when the two have been the same."""
    _blamed = 0
    """The call for which a connection was given up as frozen, where the slot names none."""

    async def close(self) -> None:
        """Ends the link; what waits is given back undone."""
        self._closed = True
        self._sweeping.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            self._transport.close()
        for call in [*self._sent.values(), *self._waiting]:
            call.done(None, None)
        self._sent.clear()
        self._waiting.clear()
