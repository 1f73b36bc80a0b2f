"""The table of what RFC 9110 and 9112 want (`conformance.py`), against a real source, over real sockets."""

import re
import socket
from collections.abc import Iterator

import pytest

from tests.engine.stead import Stead, read_all
from tests.wire.conformance import CASES, GOOD, Case, req

SCRIPT = """
def decode(payload, metadata, events, logger, respond):
    respond(b"%d:%b" % (len(payload), payload))
"""
HANDLER = """paths = ["/x", "/", "//x", "/A/", "/%zz"]
methods = ["POST", "GET", "HEAD", "OPTIONS"]
max_head = "4 KiB"
max_target = "1 KiB"
max_fields = 50
max_body = "200000 B"
"""
PROBE = req(b"POST /x HTTP/1.1", b"Connection: close", body=b"probe")


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("conformance") / "home", script=SCRIPT, handler=HANDLER)
    stead.serve()
    yield stead
    stead.end()


def talk(port: int, *parts: bytes) -> bytes:
    """All that is answered until the connection ends."""
    with socket.create_connection(("127.0.0.1", port), 10) as device:
        device.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for part in parts:
                device.sendall(part)
        except (ConnectionResetError, BrokenPipeError):
            pass  # it was refused before its last byte
        return read_all(device)


def answers(data: bytes) -> list[tuple[int, bytes, bytes]]:
    """Status, head and body of each answer; a body is what Content-Length says, and none is left over."""
    found: list[tuple[int, bytes, bytes]] = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, f"no whole answer: {head!r}"
        status = re.match(rb"HTTP/1\.1 (\d{3}) [\x20-\x7e]*\r?\n?", head)
        assert status, head
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        size = 0 if length is None or data.startswith(b"HTTP/1.1 ") else int(length[1])
        found.append((int(status[1]), head, data[:size]))
        data = data[size:]
    return found


def check(case: Case, given: list[tuple[int, bytes, bytes]]) -> None:
    statuses = tuple(status for status, _, _ in given)
    if case.statuses == (100,):
        assert statuses == (100, 200)
        return
    assert statuses == case.statuses + ((200,) if case.stays else ())
    bodies = [body for _, _, body in given]
    if case.stays:
        assert bodies.pop() == b"5:probe"
    else:
        assert b"\r\nConnection: close" in given[-1][1]
    if case.payloads is not None:
        assert bodies == [b"%d:%b" % (len(payload), payload) if payload or b":" in body else b"" for payload, body
                          in zip(case.payloads, bodies, strict=True)]  # fmt: skip
    for status, head, _ in given:
        assert status == 100 or (b"\r\nDate: " in head and b"\r\nContent-Length: " in head)
        assert (b"\r\nAllow: " in head) == (status == 405)


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
def test_the_table(stead: Stead, case: Case) -> None:
    parts = [case.sent, PROBE] if case.stays and case.statuses != (100,) else [case.sent]
    if case.statuses == (100,):
        parts = [case.sent, b"", PROBE]
    for _ in range(3):  # the second time a head is remembered, the third it comes from memory
        if case.statuses == (100,):
            check(case, expecting(stead.port, case.sent))
        else:
            check(case, answers(talk(stead.port, *parts)))


def expecting(port: int, head: bytes) -> list[tuple[int, bytes, bytes]]:
    """Sends a head, waits for the interim answer, and only then sends the body."""
    with socket.create_connection(("127.0.0.1", port), 10) as device:
        device.sendall(head)
        first = device.recv(1000)
        device.sendall(b"hello")
        device.shutdown(socket.SHUT_WR)
        return answers(first + read_all(device))


def test_the_table_is_long_enough() -> None:
    assert len(CASES) >= 150
    assert len({name for name, _ in CASES}) == len(CASES)


def test_nothing_of_the_table_hurt_the_worker(stead: Stead) -> None:
    before = stead.workers()
    for _, case in CASES:
        if not case.stays:
            talk(stead.port, case.sent[: len(case.sent) // 2], case.sent[len(case.sent) // 2 :])
    assert answers(talk(stead.port, GOOD, PROBE))[-1][0] == 200
    assert stead.workers() == before
