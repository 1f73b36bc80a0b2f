"""Whether anybody waits for the slow: a good client's p99 beside 1,500 bad connections, and without them.

1,000 connections trickle heads, trickle bodies or never read their answers, 500 are idle, and others are reset in a
storm; whoever is hung up on comes again. A good client sends a request after another on one connection meanwhile. Both
are measured in turns, and the medians of the p99 and their ratio are printed: it should be 2 at most.

Tidegate is pinned to one core, the good client and the bad ones to another. All is on loopback, and each kind has an
address of its own (127.0.0.2 and on), so that the limit of one address is not what is measured.

    python benchmarks/slow_peers.py
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from under_load import ROOT, engine, make_home, tidegate
from wrk import BODY, missing

from core.cli.tutorial import free_port

GOOD = "127.0.0.1"
ANSWER_BYTES = 32 * 1024
"""Of a success answer's body: large, so that those who never read are soon owed more than the kernel holds for them."""
UNREAD = 40
"""Requests of one connection that never reads."""
STORM = 100
"""Resets a second."""
AGAIN = 1.0
"""Seconds until one that was hung up on comes again."""
MOST_SECONDS = 120.0
"""After which the bad connections end whatever happens."""
POST = f"POST /lora HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"


@dataclass
class Result:
    """Medians of the rounds; milliseconds."""

    quiet_p99: float
    beside_p99: float
    ratio: float
    quiet_p50: float
    beside_p50: float
    requests: int
    errors: int
    connected: int
    """Bad connections that stood when measuring began, the least of all rounds."""


@dataclass
class Sample:
    """What the good client saw in one turn."""

    times: list[float]
    errors: int

    def at(self, share: float) -> float:
        """Milliseconds that this share of its answers stayed within."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def main() -> int:
    options = _options()
    allow_files(16384)
    if options.attack:
        asyncio.run(attack(options.attack))
        return 0
    if lack := missing((options.core, options.peer_core), os.cpu_count() or 1):
        print(f"missing: {lack}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-") as folder:
        result = measure(Path(folder), options)
    if options.json:
        print(json.dumps(asdict(result)))
    else:
        _print(result)
    return 1 if result.errors else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A good client beside slow ones.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5, help="of one turn")
    parser.add_argument("--settle", type=float, default=6, help="seconds for the bad connections to be made")
    parser.add_argument("--core", type=int, default=0, help="of Tidegate")
    parser.add_argument("--peer-core", type=int, default=1, help="of everybody else")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--attack", type=int, metavar="PORT", help=argparse.SUPPRESS)  # the bad ones' own process
    return parser.parse_args()


def allow_files(count: int) -> None:
    """Lets this process and its children have so many descriptors, or as many as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def measure(folder: Path, options: argparse.Namespace) -> Result:
    """Turns without and with the bad connections."""
    home, port = folder / "home", free_port()
    make_home(home, port)
    tidegate(home, "set", "default", "event_sources/lora/interaction_handler", f"success_body={'.' * ANSWER_BYTES}")
    tidegate(home, "apply", "default")
    quiet: list[Sample] = []
    beside: list[Sample] = []
    connected: list[int] = []
    with engine(options.core, home):
        os.sched_setaffinity(0, {options.peer_core})
        asyncio.run(good(port, 1.0))
        for _ in range(options.rounds):
            quiet.append(asyncio.run(good(port, options.seconds)))
            with attacking(port) as count:
                time.sleep(options.settle)
                connected.append(count())
                beside.append(asyncio.run(good(port, options.seconds)))
            time.sleep(2.0)
    p99s = [statistics.median(each.at(0.99) for each in samples) for samples in (quiet, beside)]
    p50s = [statistics.median(each.at(0.50) for each in samples) for samples in (quiet, beside)]
    return Result(
        quiet_p99=p99s[0],
        beside_p99=p99s[1],
        ratio=p99s[1] / p99s[0],
        quiet_p50=p50s[0],
        beside_p50=p50s[1],
        requests=sum(len(each.times) for each in (*quiet, *beside)),
        errors=sum(each.errors for each in (*quiet, *beside)),
        connected=min(connected),
    )


async def good(port: int, seconds: float) -> Sample:
    """One request after another on one connection; an error is another status, a broken connection or ten seconds."""
    sample, end = Sample([], 0), time.perf_counter() + seconds
    while time.perf_counter() < end:
        try:
            reader, writer = await asyncio.open_connection(GOOD, port)
            try:
                while (began := time.perf_counter()) < end:
                    async with asyncio.timeout(10):
                        status, kept = await _answer(reader, writer)
                    sample.times.append(time.perf_counter() - began)
                    sample.errors += status != 200
                    if not kept:
                        break
                    await asyncio.sleep(0.002)
            finally:
                writer.close()
        except (OSError, asyncio.IncompleteReadError):
            sample.errors += 1
            await asyncio.sleep(0.1)
    return sample


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, bool]:
    writer.write(POST.encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
    await reader.readexactly(int(length))
    return int(head[9:12]), b"connection: close" not in head


@contextlib.contextmanager
def attacking(port: int) -> Iterator[Callable[[], int]]:
    """The bad connections in a process of their own; gives what counts those that stand."""
    command = [sys.executable, __file__, "--attack", str(port)]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
    try:
        yield lambda: _established(port)
    finally:
        process.kill()
        process.wait()


def _established(port: int) -> int:
    """Connections to a port, as Linux counts them; the good client's is not there yet."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "01" for row in rows)


Bad = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


async def attack(port: int) -> None:
    """1,500 bad connections and a storm, for as long as this process lives, and for two minutes at most."""
    tasks = [
        asyncio.create_task(_again_and_again(kind, f"127.0.0.{number + 2}", port))
        for number, (kind, count) in enumerate(KINDS)
        for _ in range(count)
    ]
    tasks.append(asyncio.create_task(_storm("127.0.0.9", port)))
    await asyncio.wait(tasks, timeout=MOST_SECONDS)
    for task in tasks:
        task.cancel()


async def _again_and_again(kind: Bad, address: str, port: int) -> None:
    while True:
        try:
            raw = socket.socket()
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setblocking(False)
            raw.bind((address, 0))
            await asyncio.get_running_loop().sock_connect(raw, (GOOD, port))
            reader, writer = await asyncio.open_connection(sock=raw, limit=1024)
            try:
                await kind(reader, writer)
            finally:
                writer.transport.abort()
        except OSError:
            pass
        await asyncio.sleep(AGAIN)


async def _trickle(writer: asyncio.StreamWriter, data: bytes) -> None:
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1.0)


async def _trickle_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _trickle(writer, b"POST /lora HTTP/1.1\r\nHost: t\r\nX-Slow: " + b"a" * 1000)


async def _trickle_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"POST /lora HTTP/1.1\r\nHost: t\r\nContent-Length: 10000\r\n\r\n")
    await _trickle(writer, b"a" * 1000)


async def _never_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert isinstance(writer.transport, asyncio.Transport)
    writer.transport.pause_reading()
    for _ in range(UNREAD):
        writer.write(POST.encode())
        await writer.drain()
    await asyncio.sleep(MOST_SECONDS)


async def _stay_idle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


KINDS: list[tuple[Bad, int]] = [(_trickle_head, 334), (_trickle_body, 333), (_never_read, 333), (_stay_idle, 500)]


async def _storm(address: str, port: int) -> None:
    """Half a head and a reset, again and again."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        raw = socket.socket()
        try:
            raw.setblocking(False)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raw.bind((address, 0))
            async with asyncio.timeout(1.0):
                await loop.sock_connect(raw, (GOOD, port))
                await loop.sock_sendall(raw, b"POST /lora HTTP/1.1\r\nHost")
        except OSError:
            pass
        finally:
            raw.close()
        await asyncio.sleep(max(0.0, 1 / STORM - (loop.time() - began)))


def _print(result: Result) -> None:
    print(f"alone                      p50 {result.quiet_p50:7.2f} ms   p99 {result.quiet_p99:7.2f} ms")
    print(
        f"beside {result.connected:,} bad ones       p50 {result.beside_p50:7.2f} ms   p99 {result.beside_p99:7.2f} ms"
    )
    print(f"ratio of the p99           {result.ratio:.2f}")
    print(f"requests {result.requests:,}, errors {result.errors:,}")


if __name__ == "__main__":
    sys.exit(main())
