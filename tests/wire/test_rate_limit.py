"""The rate limit of a source: what is above it waits unread or is told to come again, and the average holds."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.worker.rate_limit import RateLimit
from tests.cli.tidegate import free_port, until
from tests.engine.stead import SOURCE, Stead
from tests.wire.datagrams import device, udp_source

SCRIPT = """
def decode(payload, metadata, events, logger, respond):
    events.alert("d", metadata["source"], payload.decode())
    respond(payload + b"\\n")
"""
CONNECTION = """
async def handle(connection):
    while line := await connection.readline():
        await connection.request(line[:-1])
        await connection.write(line)
"""
LINES = '[device_communication.event_sources.interaction_handler.framing]\ntype = "line"'
LIMIT = "rate_limit = 40\nrate_burst = 4"
RATE, BURST = 40, 4


def source(id: str, port: int, kind: str, handler: str = "", settings: str = LIMIT) -> str:
    text = SOURCE.replace('type = "http"', f'type = "{kind}"')
    return text.format(id=id, port=port, settings=settings, handler=handler, decoder="", script="lora.py")


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in ("http", "framed", "scripted", "whole", "datagrams", "frames")}


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("limited") / "home", script=SCRIPT)
    (stead.scripts / "handle.py").write_text(CONNECTION)
    framing = '\n[device_communication.event_sources.framing]\ntype = "line"'
    stead.write(
        source("http", ports["http"], "http", settings=f"threads = 2\n{LIMIT}")
        + source("framed", ports["framed"], "framed", LINES)
        + source("scripted", ports["scripted"], "python", 'script = "handle.py"')
        + source("whole", ports["whole"], "read_all")
        + udp_source("datagrams", ports["datagrams"], LIMIT)
        + udp_source("frames", ports["frames"], LIMIT + framing)
    )
    stead.serve()
    yield stead
    stead.end()


def kept(stead: Stead, id: str) -> list[str]:
    """The payloads that are kept of a source, in order."""
    return [event["message"] for event in stead.events() if event["eventSource"] == id]


def least(count: int) -> float:
    """Seconds that so many requests take at least; one more than its share may come in to each worker."""
    return (count - BURST - 2) / RATE


def test_http_is_told_to_come_again_by_all_workers_together(stead: Stead, ports: dict[str, int]) -> None:
    connections = [socket.create_connection(("127.0.0.1", ports["http"]), timeout=20) for _ in range(6)]
    began = time.monotonic()
    answers: list[bytes] = []
    for number in range(60):
        connection = connections[number % 6]
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
        answers.append(connection.recv(4096))
    taken = sum(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
    assert BURST <= taken <= BURST + 2 + RATE * (time.monotonic() - began)
    refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 503 ")]
    assert len(refused) == 60 - taken > 0
    assert all(b"\r\nRetry-After: 1\r\n" in answer for answer in refused)
    for connection in connections:
        connection.close()
    until(lambda: stead.source("http").refused == len(refused), "the refusals to be counted")
    node = stead.source("http")
    assert [each["reason"] for each in node.detail["refusals"]["reasons"]] == [
        "more than the rate limit of * requests a second"
    ]
    assert node.reason is None


@pytest.mark.parametrize("id", ["framed", "scripted"])
def test_what_is_sent_waits_unread_and_none_is_lost(stead: Stead, ports: dict[str, int], id: str) -> None:
    sent = [str(number) for number in range(60)]
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", ports[id]), timeout=20) as connection:
        connection.sendall("".join(f"{line}\n" for line in sent).encode())
        seen = b""
        while seen.count(b"\n") < len(sent):
            seen += connection.recv(4096)
    assert least(60) <= time.monotonic() - began < 8
    assert seen.decode().split() == sent == kept(stead, id)
    until(lambda: stead.source(id).held_back > 0, "it to be told")
    assert "held back" in stead("status").out
    nodes = json.loads(stead("status", "--json").out)["tree"]["children"][0]["children"]
    detail = next(node for node in nodes if node["path"] == f"default/{id}")["detail"]
    assert detail["rate_limit"] == RATE
    assert detail["held_back"] > 0
    assert not stead.requests("--refused", "--source", id)


def test_connections_share_the_rate(stead: Stead, ports: dict[str, int]) -> None:
    """One that sends much does not keep out one that sends a little."""
    with socket.create_connection(("127.0.0.1", ports["framed"]), timeout=20) as greedy:
        greedy.sendall(b"greedy\n" * 200)
        greedy.recv(100)
        with socket.create_connection(("127.0.0.1", ports["framed"]), timeout=20) as modest:
            began = time.monotonic()
            modest.sendall(b"modest\n")
            assert modest.recv(100) == b"modest\n"
            assert time.monotonic() - began < 2  # the other's would take five seconds
            greedy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_whole_payloads_wait_and_are_kept(stead: Stead, ports: dict[str, int]) -> None:
    began = time.monotonic()
    connections = [socket.create_connection(("127.0.0.1", ports["whole"]), timeout=20) for _ in range(40)]
    for connection in connections:
        connection.sendall(b"all of it")
        connection.shutdown(socket.SHUT_WR)
    for connection in connections:
        assert connection.recv(10) == b""  # closed, not reset: it is on disk
        connection.close()
    assert time.monotonic() - began >= least(40)
    assert len(kept(stead, "whole")) == 40
    assert stead.source("whole").refused == 0


@pytest.mark.parametrize("id", ["datagrams", "frames"])
def test_datagrams_wait_in_the_kernel(stead: Stead, ports: dict[str, int], id: str) -> None:
    sent = [str(number) for number in range(40)]
    began = time.monotonic()
    with device(ports[id]) as one:
        one.send(*(f"{each}\n".encode() for each in sent))
        heard = [one.hear().decode().strip() for _ in sent]
    assert time.monotonic() - began >= least(40)
    assert heard == sent
    assert [each.strip() for each in kept(stead, id)] == sent
    assert stead.source(id).detail["dropped"] == 0


def test_what_was_written_before_the_machine_started_holds_nobody_up(tmp_path: Path) -> None:
    async def look() -> None:
        file = tmp_path / "slots" / "rate"
        file.parent.mkdir()
        file.write_bytes(struct.pack("=d", time.monotonic() + 1e6))
        limit = RateLimit(file, 10, 2)
        assert limit.wait() == 0
        limit.take()
        limit.take()
        assert 0 < limit.wait() <= 0.1
        assert 0 < RateLimit(file, 10, 2).wait() <= 0.1  # another worker's
        assert RateLimit(file, 10, 5).wait() == 0

    asyncio.run(look())


def test_who_waits_goes_on_in_turn_as_soon_as_there_is_room(tmp_path: Path) -> None:
    async def wait() -> list[str]:
        limit = RateLimit(tmp_path / "rate", 100, 1)
        order: list[str] = []
        done = asyncio.Event()

        def go_on(name: str) -> None:
            order.append(name)
            limit.take()
            if len(order) < 6:
                limit.when_room(turns[name])
            else:
                done.set()

        turns = {name: lambda name=name: go_on(name) for name in ("a", "b")}
        assert not limit.when_room(turns["a"])  # there is room: nothing to wait for
        limit.take()
        assert limit.when_room(turns["a"])
        assert limit.when_room(turns["b"])
        assert limit.when_room(turns["a"])
        assert limit.held_back == 2
        async with asyncio.timeout(5):
            await done.wait()
        return order

    assert asyncio.run(wait()) == ["a", "b"] * 3
