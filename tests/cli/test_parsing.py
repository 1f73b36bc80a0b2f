"""What the commands parse, against bytes and texts that hypothesis makes up."""

import asyncio

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from core.cli.selection import quoted
from core.cli.send import parse_target
from core.cli.simulator.http import HttpLine
from core.cli.simulator.line import Line, Target
from core.cli.simulator.tally import Tally
from core.model.filter import parse_filter

STATUSES = st.sampled_from([200, 202, 204, 304, 404, 422, 503])
BODIES = st.binary(max_size=40)


class Wire(asyncio.Transport):
    """The near end of a connection, without one."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True


def spelled(status: int, body: bytes, spelling: str) -> bytes:
    """An answer as a server may write it."""
    head = b"HTTP/1.1 %d Whatever\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" % status
    if status in (204, 304):
        return head + b"\r\n"
    if spelling == "chunked":
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    length = b"content-LENGTH:%d\r\n" if spelling == "odd" else b"Content-Length: %d\r\n"
    informational = b"HTTP/1.1 100 Continue\r\n\r\n" if spelling == "informational" else b""
    return informational + head + length % len(body) + b"\r\n" + body


@given(
    answers=st.lists(
        st.tuples(STATUSES, BODIES, st.sampled_from(["plain", "odd", "chunked", "informational"])),
        min_size=1,
        max_size=4,
    ),
    cuts=st.lists(st.integers(1, 60), max_size=12),
)
def test_answers_are_counted_once_however_they_are_cut(answers: list[tuple[int, bytes, str]], cuts: list[int]) -> None:
    tally, wire = Tally(), Wire()
    idle: list[Line] = []
    line = HttpLine(Target("http", "localhost", 80), tally, idle.append)
    line.connection_made(wire)
    for status, body, spelling in answers:
        line.send(b"payload")
        answer = spelled(status, body, spelling)
        for cut in cuts:
            piece, answer = answer[:cut], answer[cut:]
            if piece:
                line.data_received(piece)
        if answer:
            line.data_received(answer)
    assert sum(tally.statuses.values()) == len(idle) == len(answers)
    assert dict(tally.statuses) == {str(s): sum(a[0] == s for a in answers) for s in {a[0] for a in answers}}
    assert not tally.errors
    assert not wire.closed


@given(st.binary(max_size=200))
def test_no_bytes_break_a_device(data: bytes) -> None:
    tally, wire = Tally(), Wire()
    line = HttpLine(Target("http", "localhost", 80), tally, lambda line: None)
    line.connection_made(wire)
    line.send(b"payload")
    line.data_received(data)
    line.connection_lost(None)
    assert tally.latencies.count + sum(tally.errors.values()) == 1


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_an_options_value_is_taken_to_the_letter(value: str) -> None:
    (term,) = parse_filter(f"device:{quoted(value)}").terms
    assert term.values == (value,)


@given(st.text(max_size=30))
def test_a_target_is_one_or_is_refused(text: str) -> None:
    try:
        target = parse_target(text)
    except typer.BadParameter:
        return
    assert target.scheme in ("http", "https", "tcp")
    assert 0 < target.port < 65536
    assert str(target).isprintable()


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("http://localhost:8484/lora?a=b", Target("http", "localhost", 8484, "/lora?a=b")),
        ("https://gate.example", Target("https", "gate.example", 443, "/")),
        ("[::1]:5027", Target("tcp", "::1", 5027, "/")),
        ("127.0.0.1:5027", Target("tcp", "127.0.0.1", 5027, "/")),
    ],
)
def test_targets(text: str, target: Target) -> None:
    assert parse_target(text) == target
