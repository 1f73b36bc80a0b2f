"""Simulated devices that speak over raw TCP: a line a payload, or a connection a payload."""

import asyncio
import time

from core.cli.simulator.connect import connect_streams
from core.cli.simulator.line import FIRST_WAIT, Line, error_kind


class LineByLine(Line):
    """Payloads one after another on one connection, each ended by a line feed. What comes back is not waited for."""

    _paused = False

    def send(self, payload: bytes) -> None:
        self.write(payload.replace(b"\n", b" ") + b"\n")
        if not self._paused:
            asyncio.get_running_loop().call_soon(self._taken)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._taken()

    def _taken(self) -> None:
        if self.busy and not self._paused:
            self.busy = False
            self.tally.taken(time.perf_counter() - self.since)
            self.on_idle(self)


class OneEach(Line):
    """A connection for each payload: connect, write, end the sending side, read to the end, close."""

    _task: asyncio.Task[None] | None = None
    _tried = False

    async def open(self) -> None:
        if not self._tried:  # says at once that nobody listens; the trial is a connection of its own
            self._tried = True
            _, writer = await connect_streams(self.target)
            writer.close()
        self.on_idle(self)

    def send(self, payload: bytes) -> None:
        self.busy, self.since = True, time.perf_counter()
        self.tally.sent += 1
        self.tally.bytes += len(payload)
        self._task = asyncio.create_task(self._deliver(payload))

    async def _deliver(self, payload: bytes) -> None:
        try:
            reader, writer = await connect_streams(self.target)
            self.tally.opened += 1
            try:
                writer.write(payload)
                if writer.can_write_eof():
                    writer.write_eof()
                    while await reader.read(65536):
                        pass
                else:  # TLS has one end for both sides: its own is sent and answered
                    writer.close()
                    await writer.wait_closed()
            finally:
                writer.close()
        except OSError as error:
            self.fail(error_kind(error))
            await asyncio.sleep(FIRST_WAIT)
        else:
            self.tally.taken(time.perf_counter() - self.since)
        self.busy = False
        self.on_idle(self)

    def fail(self, kind: str) -> None:
        if self.busy:
            self.busy = False
            self.tally.errors[kind] += 1
        if kind == "timeout" and self._task is not None:
            self._task.cancel()
            self.on_idle(self)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self.lost.set()
