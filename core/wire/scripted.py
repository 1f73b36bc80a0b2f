"""The Python handler of one worker (see `core.catalogue.handling.Handler`): a function of the operator's has the whole
connection, under the limits that every handler has.

Each step of it from one `await` to the next runs under a time limit, and so do the tasks that it makes.
"""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from core.catalogue.connections import ENDED, STOPPING, ConnectionRecord
from core.catalogue.decoding import DecodeFailed
from core.catalogue.handling import Intake
from core.catalogue.received import Decoded, Peer, Received
from core.catalogue.worker_context import Script
from core.scripting.answering import decoded_events
from core.scripting.connection import Connection, Outcome
from core.wire.keeping import Keeping, Untaken
from core.wire.script_tasks import ScriptTasks
from core.wire.tls_words import connection_facts
from core.wire.waiters import Waiters

R = TypeVar("R")

KEPT_OF_REFUSED = 4096
"""Bytes that are kept of what is no request."""
LAST_READ_SECONDS = 1.0
"""For which a draining connection may wait for its next byte."""


@dataclass(frozen=True, slots=True)
class ScriptedRules:
    """What the handler's settings come down to; times are in seconds, sizes in bytes."""

    script: Script
    max_payload: int
    idle_timeout: float
    write_timeout: float


class ScriptedHandler(Keeping):
    """Makes the connections and looks after all of them."""

    def __init__(self, rules: ScriptedRules, intake: Intake) -> None:
        super().__init__(rules.max_payload, intake)
        self.rules = rules
        self.tasks = ScriptTasks(asyncio.get_running_loop())

    def connection(self, peer: Peer) -> "ScriptedConnection":
        return ScriptedConnection(self, peer)


class ScriptedConnection(asyncio.Protocol):
    """One connection; the `core.scripting.connection.Line` of its script."""

    def __init__(self, handler: ScriptedHandler, peer: Peer) -> None:
        self._handler = handler
        self._rules = handler.rules
        self._intake = handler.intake
        self._peer = peer
        self.buffer = bytearray()
        self.most = handler.rules.max_payload
        self.ended = False
        self.tasks: set[asyncio.Task[Any]] = set()
        """Those that its script has made."""
        self._state: dict[str, Any] = {}
        self.record = ConnectionRecord(peer.where, self._state)
        self._readers = Waiters()
        self._writers = Waiters()
        self._takers = Waiters()
        """Who waits for a byte, for the device to take what was sent, for room to take a request."""
        self._waiting = 0
        """Requests that are not on disk yet."""
        self._blocked = self._closed = self._draining = False
        self._since = handler.now
        self._untaken = Untaken()
        self._transport: asyncio.Transport
        self._running: asyncio.Task[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        self.record.facts = connection_facts(transport, self._peer)
        self._handler.connections.add(self)
        self._running = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        script, peer = self._rules.script, self._peer
        connection = Connection(self, peer.remote, dict(self.record.facts or {}), self._state)
        left = "the script ended without reading these bytes"
        try:
            made = script.call(b"", peer.where, connection)
            await self.limited(made)  # pyright: ignore[reportArgumentType]  # the contract says it is a coroutine
        except DecodeFailed as failed:
            self.record.because(str(failed))
            self._record(str(failed), bytes(self.buffer))
            self.buffer.clear()
        except (ConnectionError, EOFError):
            left = "the connection ended before the script could do anything with these bytes"
        finally:
            for task in tuple(self.tasks):
                task.cancel()
            if self.buffer:
                self._record(left, bytes(self.buffer))
                self.buffer.clear()
            self.close()

    async def limited(self, coroutine: Coroutine[Any, None, R]) -> R:
        """Runs a coroutine of the script's, step by step under the time limit."""
        script = self._rules.script
        return await script.steps(self._handler.tasks.of(self, coroutine), self._seen, self._peer.where)

    def _seen(self) -> bytes:
        return bytes(self.buffer[: self.most])

    # What the device does.

    def data_received(self, data: bytes) -> None:
        self._since = self._handler.now
        self.record.bytes_in += len(data)
        if self._closed:
            return
        self.buffer += data
        if len(self.buffer) > self.most:
            self._transport.pause_reading()
        self._readers.wake()

    def eof_received(self) -> bool:
        self.record.because(ENDED)
        self.ended = True
        self._readers.wake()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._handler.connections.end(self, exc)
        self.ended = self._closed = True
        for waiting in (self._readers, self._writers, self._takers):
            waiting.fail(ConnectionResetError("the connection is closed"))
        self._running.cancel()

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._writers.wake()

    # What the script does.

    async def more(self) -> None:
        self._check()
        self._transport.resume_reading()
        await self._readers.wait()

    async def send(self, data: bytes) -> None:
        self._check()
        self.record.bytes_out += len(data)
        self._transport.write(data)
        while self._blocked:
            await self._writers.wait()

    async def take(self, payload: bytes, wire: bytes | None) -> Outcome:
        self._check()
        while self._waiting >= self._intake.share() or self._intake.full() is not None:
            self._intake.when_room(self._takers.wake)
            await self._takers.wait()
        self._waiting += 1
        taken = ScriptedRequest(self, wire)
        # Not within the script's own step: the decode is under a limit of its own.
        asyncio.get_running_loop().call_soon(self._take, payload, taken)
        return await taken.outcome

    def _take(self, payload: bytes, taken: "ScriptedRequest") -> None:
        peer = self._peer
        at, began = time.time_ns() // 1_000_000, time.monotonic()
        record = self.record
        record.requests += 1
        record.last = at
        extra = dict(record.facts) if record.facts else None
        received = Received(
            self._intake.new_id(), at, began, peer.remote, peer.where, payload, None, self._state, None, extra
        )
        received.connection, received.wire = record, taken.wire
        received.answering = taken.decided
        self._intake.take(received, taken)

    def settled(self) -> None:
        """A request is on disk, or cannot be."""
        self._waiting -= 1
        self._takers.wake()

    def refuse(self, reason: str, seen: bytes) -> None:
        self._record(reason, seen)

    def close(self) -> None:
        self.record.because("the script ended it")
        self._closed = True
        self._readers.fail(ConnectionResetError("the connection is closed"))
        if not self._transport.is_closing():
            self._transport.close()

    def _check(self) -> None:
        if self._closed:
            raise ConnectionResetError("the connection is closed")

    def _record(self, reason: str, seen: bytes) -> None:
        self._intake.refuse(reason, None, self._peer.remote, None, seen[:KEPT_OF_REFUSED], len(seen))

    # What the worker does.

    def sweep(self, now: float) -> None:
        """Ends the connection where a limit has passed; lets on what there is room for."""
        if self._untaken.longer(self._transport, now, self._rules.write_timeout):
            self.record.because(f"it did not take what was sent for {self._rules.write_timeout:g} s")
            self._transport.abort()
            return
        if self._takers and self._intake.full() is None:
            self._takers.wake()
        waited = now - self._since
        if self._waiting:
            return
        if waited > self._rules.idle_timeout:
            if self.buffer:
                self._record(f"nothing came for {self._rules.idle_timeout:g} s", bytes(self.buffer))
                self.buffer.clear()
            self.record.because(f"nothing came for {self._rules.idle_timeout:g} s")
            self._transport.abort()
        elif self._draining and waited > LAST_READ_SECONDS and self._readers and not self.buffer:
            self.record.because(STOPPING)
            self.close()

    def drain(self) -> None:
        """What is under way may end; a script that waits for a byte hears soon that none comes."""
        self._draining = True
        self._since = self._handler.now

    def unfinished(self) -> int:
        return len(self.buffer)

    def tail(self, most: int) -> bytes:
        return bytes(self.buffer[:most])

    def shut(self, reason: str) -> None:
        """What the script has sent is sent still, where the device takes it."""
        self.record.because(reason)
        if self.buffer:
            self._record(f"{reason} before these bytes were read", bytes(self.buffer))
            self.buffer.clear()
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self.close()

    def abort(self) -> None:
        self.record.because(STOPPING)
        self._transport.abort()


class ScriptedRequest:
    """One request of a script: it hears of it when it is on disk."""

    kept = None

    def __init__(self, connection: ScriptedConnection, wire: bytes | None) -> None:
        self._connection = connection
        self.wire = wire
        self._said = Outcome(failure=None, events=[], answer=b"")
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.ready = False

    def decided(self, received: Received, decoded: Decoded) -> Decoded:
        """See `Received.answering`."""
        answer = received.respond[0] if received.respond is not None else b""
        self._said = Outcome(failure=decoded.reason, events=decoded_events(decoded), answer=answer)
        return decoded

    def prepare(self, reason: str | None, received: Received) -> int | None:
        return None

    def release(self) -> None:
        self._connection.settled()
        if not self.outcome.done():
            self.outcome.set_result(self._said)

    def unavailable(self) -> None:
        self._connection.settled()
        if not self.outcome.done():
            self.outcome.set_exception(ConnectionAbortedError("the request could not be kept"))
