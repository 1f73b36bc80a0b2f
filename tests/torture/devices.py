"""Devices that send to every source of a site, note each answer, and send again what they heard nothing of."""

import asyncio
import contextlib
import itertools
import json
import random
import socket
from typing import Protocol

from tests.torture.ledger import Attempt, Heard, Ledger

ANSWER_LIMIT = 60.0
"""Seconds within which a connection brings an answer, or ends: that it does neither is a fault, whatever was killed."""
DATAGRAM_LIMIT = 1.5
LOST = (OSError, EOFError, TimeoutError)
"""How a connection ends under a device. asyncio.IncompleteReadError is an EOFError."""


class Line(Protocol):
    """A device's way to its source. `exchange` sends attempts and notes what each was answered."""

    async def exchange(self, attempts: list[Attempt]) -> None: ...

    def close(self) -> None: ...


def payload_of(attempt: Attempt, padding: int) -> bytes:
    """One line of JSON."""
    said = {"uid": attempt.uid, "attempt": attempt.number, "bad": attempt.bad, "padding": "x" * padding}
    return json.dumps(said, separators=(",", ":")).encode()


class Tcp:
    """A connection that is made anew when it was lost."""

    def __init__(self, port: int, random: random.Random) -> None:
        self._port = port
        self._random = random
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        return self._streams

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    def padding(self) -> int:
        return self._random.choice((0, 40, 200, 2000))


class Http(Tcp):
    """HTTP/1.1, one request at a time on a connection that stays open."""

    async def exchange(self, attempts: list[Attempt]) -> None:
        for attempt in attempts:
            reader, writer = await self.streams()
            body = payload_of(attempt, self.padding())
            writer.write(b"POST /t HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            status = int(head.split(b" ")[1])
            answers: dict[int, Heard] = {200: "kept", 422: "failed", 503: "refused"}
            attempt.heard = answers[status]
            if b"connection: close" in head:
                self.close()


class Lines(Tcp):
    """A few frames at a time; the answers must come in their order."""

    def __init__(self, port: int, random: random.Random, ledger: Ledger) -> None:
        super().__init__(port, random)
        self._ledger = ledger

    async def exchange(self, attempts: list[Attempt]) -> None:
        reader, writer = await self.streams()
        for attempt in attempts:
            writer.write(payload_of(attempt, self.padding()) + b"\n")
        for attempt in attempts:
            line = (await reader.readuntil(b"\n")).decode().strip()
            word, _, mark = line.partition(" ")
            if mark != attempt.mark:
                self._ledger.complaints.append(f"{attempt.source}: {attempt.mark} was answered {line!r}")
            attempt.heard = "kept" if word == "OK" else "failed"


class Datagrams:
    """One peer. An answer that comes late is one all the same."""

    def __init__(self, port: int, random: random.Random, ledger: Ledger) -> None:
        self._random = random
        self._ledger = ledger
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.connect(("127.0.0.1", port))

    async def exchange(self, attempts: list[Attempt]) -> None:
        loop = asyncio.get_running_loop()
        for attempt in attempts:
            await loop.sock_sendall(self._socket, payload_of(attempt, self._random.choice((0, 200, 1000))))
            async with asyncio.timeout(DATAGRAM_LIMIT):
                while not attempt.acknowledged:
                    self._hear((await loop.sock_recv(self._socket, 65536)).decode())

    def _hear(self, answer: str) -> None:
        word, _, mark = answer.strip().partition(" ")
        attempt = self._ledger.attempts.get(mark)
        if attempt is None:
            self._ledger.complaints.append(f"a datagram was answered {answer!r}, which nobody had sent")
        else:
            attempt.heard = "kept" if word == "OK" else "failed"

    def close(self) -> None:
        self._socket.close()


class Devices:
    """So many devices for each source, from `start` to `stop`."""

    MANY = 4

    def __init__(self, ports: dict[str, int], ledger: Ledger, random: random.Random) -> None:
        self._ports = ports
        self._ledger = ledger
        self._random = random
        self._names = itertools.count()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, prefix: str) -> None:
        """`prefix` makes the ids of these devices' requests unique in the home."""
        for source, port in self._ports.items():
            for _ in range(self.MANY):
                name = f"{prefix}-{source}-{next(self._names)}"
                self._tasks.append(asyncio.create_task(self._run(source, name, self._line(source, port))))

    def _line(self, source: str, port: int) -> Line:
        match source:
            case "lines":
                return Lines(port, self._random, self._ledger)
            case "udp":
                return Datagrams(port, self._random, self._ledger)
            case _:
                return Http(port, self._random)

    async def stop(self) -> None:
        """Each device ends with what it is sending."""
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def _exchange(self, line: Line, attempts: list[Attempt]) -> None:
        async with asyncio.timeout(ANSWER_LIMIT) as limit:
            try:
                await line.exchange(attempts)
            finally:
                if limit.expired():
                    said = [attempt.mark for attempt in attempts if not attempt.acknowledged]
                    self._ledger.complaints.append(f"neither an answer nor an end in {ANSWER_LIMIT:g} s: {said}")

    async def _run(self, source: str, name: str, line: Line) -> None:
        numbers = itertools.count()
        waiting: list[Attempt] = []
        while not self._stopping:
            few = self._random.randint(1, 4) if source == "lines" else 1
            while len(waiting) < few:
                bad = self._random.random() < 0.03
                waiting.append(self._ledger.begin(source, f"{name}-{next(numbers)}", 1, bad))
            try:
                await self._exchange(line, waiting)
            except LOST:
                line.close() if source != "udp" else None
                await asyncio.sleep(0.1)
            waiting = [
                self._ledger.begin(source, attempt.uid, attempt.number + 1, attempt.bad)
                for attempt in waiting
                if not attempt.acknowledged and not self._stopping
            ]
            await asyncio.sleep(self._random.uniform(0.0, 0.04))
        with contextlib.suppress(OSError):
            line.close()
