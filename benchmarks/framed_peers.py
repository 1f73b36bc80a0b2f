"""Who is at the other end in framed_load.py, each in a process of its own: a load generator, quiet devices, and a bare
asyncio server that does the framing alone.

    python benchmarks/framed_peers.py drive '{"port": 5023, "frame": "…", "answer": "…"}'
    python benchmarks/framed_peers.py stay '{"port": 5023, "count": 5000, "frame": "…", "answer": "…"}'
    python benchmarks/framed_peers.py bare '{"lines": 5024, "prefixed": 5025, "udp": 5026}'
"""

import asyncio
import json
import resource
import select
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HOST = "127.0.0.1"
LINE_ANSWER, PREFIXED_ANSWER = b"OK\n", b"\x00\x01"
LOST = 1.0
"""Seconds after which a datagram or its answer is taken for lost."""
DRAIN = 10.0
"""Seconds for the last answers."""
CHUNK = 65536


@dataclass
class Peer:
    """One connection, or one UDP socket, with what it waits for."""

    socket: socket.socket
    since: float = 0.0
    got: bytes = b""


def drive(
    port: int,
    frame: str,
    answer: str,
    connections: int = 64,
    seconds: float = 4.0,
    window: int = 1,
    udp: bool = False,
) -> dict[str, float]:
    """Sends `window` frames, waits for their answers, and so on, on each connection; frame and answer are hex.

    epoll and plain sockets, nothing else: it must be faster than any server in Python. Gives what was answered, its
    rate, the milliseconds that half and 99 % of the answers stayed within, errors, and its own share of a core.
    """
    sent, expected = bytes.fromhex(frame) * window, bytes.fromhex(answer) * window
    poll, peers = select.epoll(), dict[int, Peer]()
    for _ in range(connections):
        peer = Peer(_connected(port, udp))
        peers[peer.socket.fileno()] = peer
        poll.register(peer.socket, select.EPOLLIN)
    times: list[float] = []
    errors = 0
    clock, cpu = time.perf_counter, time.process_time
    began, used = clock(), cpu()
    end = began + seconds
    waiting = len(peers)
    for peer in peers.values():
        peer.since = clock()
        peer.socket.send(sent)
    while waiting and clock() < end + DRAIN:
        for descriptor, _ in poll.poll(LOST):
            peer = peers[descriptor]
            data = _read(peer.socket)
            now = clock()
            peer.got = peer.got + data if peer.got else data
            if data and len(peer.got) < len(expected):
                continue
            if peer.got == expected:
                times.append(now - peer.since)
            else:
                errors += 1
            peer.got = b""
            if data and now < end:
                peer.since = now
                peer.socket.send(sent)
            else:
                poll.unregister(descriptor)
                waiting -= 1
        if udp:
            late = [peer for peer in peers.values() if clock() - peer.since > LOST and clock() < end]
            errors += len(late)
            for peer in late:
                peer.since = clock()
                peer.socket.send(sent)
            waiting = 0 if clock() > end + LOST else waiting
    took = clock() - began
    for peer in peers.values():
        peer.socket.close()
    return _result(times, window, errors, took, (cpu() - used) / took)


def _connected(port: int, udp: bool) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    made.connect((HOST, port))
    if not udp:
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _read(peer: socket.socket) -> bytes:
    try:
        return peer.recv(CHUNK)
    except OSError:
        return b""


def _result(times: list[float], window: int, errors: int, took: float, share: float) -> dict[str, float]:
    ordered = sorted(times) or [0.0]
    answered = len(times) * window
    return {
        "answered": answered,
        "rate": answered / took,
        "p50": ordered[len(ordered) // 2] * 1000,
        "p99": ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000,
        "errors": errors,
        "share": share,
    }


def stay(port: int, count: int, frame: str, answer: str) -> None:
    """Connects so often, sends one frame on each connection, reads the answer and stays until stdin ends. Prints how
    many were answered."""
    allow_files(count + 100)
    sent, expected, held = bytes.fromhex(frame), bytes.fromhex(answer), list[socket.socket]()
    answered = 0
    for _ in range(count):
        peer = socket.create_connection((HOST, port), 10)
        peer.sendall(sent)
        answered += peer.recv(len(expected), socket.MSG_WAITALL) == expected
        held.append(peer)
    print(answered, flush=True)
    sys.stdin.read()
    for peer in held:
        peer.close()


def allow_files(count: int) -> None:
    """Lets this process and its children have so many descriptors, or as many as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        allowed = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


class Lines(asyncio.Protocol):
    """Splits lines, and answers each."""

    rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\n")
        if lines:
            self.transport.write(LINE_ANSWER * len(lines))


class Prefixed(Lines):
    """Takes frames with their length in two bytes before them, and answers each."""

    def data_received(self, data: bytes) -> None:
        self.rest += data
        at, frames = 0, 0
        while len(self.rest) - at >= 2:
            end = at + 2 + int.from_bytes(self.rest[at : at + 2], "big")
            if end > len(self.rest):
                break
            at, frames = end, frames + 1
        self.rest = self.rest[at:]
        if frames:
            self.transport.write(PREFIXED_ANSWER * frames)


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram."""

    def connection_made(self, transport: Any) -> None:  # asyncio's own is a DatagramTransport from 3.12 on
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(PREFIXED_ANSWER, addr)


async def bare(lines: int, prefixed: int, udp: int) -> None:
    """Serves on these ports until it is ended."""
    allow_files(16384)
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(Lines, HOST, lines, backlog=1000),
        await loop.create_server(Prefixed, HOST, prefixed, backlog=1000),
    ]
    await loop.create_datagram_endpoint(Datagrams, (HOST, udp))
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


WAYS: dict[str, Callable[[dict[str, Any]], object]] = {
    "drive": lambda settings: print(json.dumps(drive(**settings))),
    "stay": lambda settings: stay(**settings),
    "bare": lambda settings: asyncio.run(bare(**settings)),
}

if __name__ == "__main__":
    WAYS[sys.argv[1]](json.loads(sys.argv[2]))
