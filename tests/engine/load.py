"""Devices under load: many connections that send, note what was acknowledged, and come back when they are cut off."""

import asyncio
import itertools
from collections import Counter

from tests.engine.stead import body


class Devices:
    """Sends requests with a device id each of their own until told to stop."""

    def __init__(self, port: int, connections: int = 16) -> None:
        self.acknowledged: set[str] = set()
        self.statuses: Counter[int] = Counter()
        self.cut_off = 0
        """Connections that ended without having said so, or could not be made."""
        self.unanswered = 0
        """Requests that were sent on a connection that served, and never answered."""
        self._at_the_end = False
        self._port = port
        self._connections = connections
        self._numbers = itertools.count()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._device()) for _ in range(self._connections)]

    async def stop(self) -> None:
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    def stop_at_the_end(self) -> None:
        """Each device stops when its connection ends."""
        self._at_the_end = True

    async def ended(self) -> None:
        await asyncio.gather(*self._tasks)

    def stop_at_once(self) -> None:
        """For when nobody is there to answer any more."""
        for task in self._tasks:
            task.cancel()

    async def _device(self) -> None:
        while not self._stopping.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                self.cut_off += 1
                await asyncio.sleep(0.02)
                continue
            try:
                await self._talk(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                self.cut_off += 1  # what was not acknowledged is the device's to send again
            finally:
                writer.close()
            if self._at_the_end:
                return

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b""
        while not self._stopping.is_set() and b"Connection: close" not in head:
            id = f"d{next(self._numbers)}"
            payload = body(id)
            writer.write(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(payload), payload))
            self.unanswered += 1
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            self.unanswered -= 1
            status = int(head.split(b" ")[1])
            self.statuses[status] += 1
            if status == 200:
                self.acknowledged.add(id)
