"""Heads: what is remembered of one is what it says; and a stream says the same however it is cut."""

import itertools
import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.wire.http_head import Head, HeadJudge, Refusal
from core.wire.http_syntax import BadHead, HeadLimits
from tests.engine.stead import Stead, read_all

LIMITS = HeadLimits(2048, 1024, 50)
TOKEN = st.from_regex(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", fullmatch=True)
VALUE = st.from_regex(rb"[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]{0,20}[\x21-\x7e])?", fullmatch=True)
TARGET = st.one_of(
    st.from_regex(rb"/[\x21-\x7e]{0,30}", fullmatch=True),
    st.sampled_from([b"*", b"http://h/p?q", b"http://h", b"://", b"/%zz?%ff=%00", b"/a?" + b"&".join([b"x"] * 1200)]),
)
KNOWN = st.sampled_from(
    [
        (b"Content-Length", b"5"),
        (b"Content-Length", b"0"),
        (b"Content-Length", b"99999999999999999999"),
        (b"Content-Length", b"9" * 1500),
        (b"Content-Length", b"5, 5"),
        (b"Content-Length", "٣".encode()),
        (b"Transfer-Encoding", b"chunked"),
        (b"Transfer-Encoding", b"gzip, chunked"),
        (b"Connection", b"close"),
        (b"Connection", b"keep-alive, Upgrade"),
        (b"Upgrade", b"websocket"),
        (b"Expect", b"100-continue"),
        (b"Authorization", b"Bearer secret-word"),
        (b"Cookie", b"a=secret-word"),
        (b"Host", b"twice"),
    ]
)


DEBRIS = [b"", b"\n", b"\r\n", b"\0", b" ", b":", b"\xff"]


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """Heads as devices send them, and as they should not."""
    method = draw(st.sampled_from([b"POST", b"GET", b"PUT", b"CONNECT", b"HEAD"]) | TOKEN)
    version = draw(st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0", b"2.0", b"0.9"]))
    fields = [(b"Host", b"tide"), *draw(st.lists(st.tuples(TOKEN, VALUE) | KNOWN, max_size=6))]
    lines = [b"%b %b HTTP/%b" % (method, draw(TARGET), version), *(b"%b: %b" % field for field in fields)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A head with some of its bytes changed, taken out or put in."""
    raw = bytearray(draw(heads()))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(raw) - 1))
        raw[place : place + draw(st.integers(0, 3))] = draw(
            st.sampled_from([b"", b"\n", b"\r\n", b"\0", b" ", b":", b"\xff"])
        )
    return bytes(raw) + b"\r\n\r\n"


def refusal_of(head: Head) -> Refusal | None:
    if head.method == "GET":
        return Refusal(405, head.method)
    return Refusal(404, head.path) if head.path == "/a" else None


def verdict(judge: HeadJudge, raw: bytes, *, anew: bool = False) -> tuple[object, ...]:
    """All that a head comes to, or why it is none."""
    try:
        head = judge.judge_anew(raw) if anew else judge.judge(raw)
    except BadHead as bad:
        return 400 <= bad.status <= 599, bad.status, bad.reason
    said = (head.method, head.target, head.path, head.query, head.headers, head.raw, head.metadata)
    return (*said, head.length, head.chunked, head.keep_alive, head.expects_continue, head.refusal)


@settings(max_examples=300, deadline=None)
@given(st.lists(heads() | mutated(), min_size=1, max_size=5))
@example([b"\r\n\r\n"])
@example([b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST / HTTP/1.1\r\nHost: y\r\n\r\n"])
def test_what_is_remembered_is_what_would_be_said_anew(raws: list[bytes]) -> None:
    judge = HeadJudge(LIMITS, refusal_of)
    for _ in range(3):  # unseen, seen once, remembered
        for raw in raws:
            assert verdict(judge, raw) == verdict(judge, raw, anew=True)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_head_or_a_bad_one(raw: bytes) -> None:
    assert verdict(HeadJudge(LIMITS, refusal_of), raw + b"\r\n\r\n")[0] is not False


@settings(max_examples=200, deadline=None)
@given(heads())
def test_what_is_counted_is_never_ambiguous_and_secrets_are_gone(raw: bytes) -> None:
    try:
        head = HeadJudge(LIMITS, refusal_of).judge(raw)
    except BadHead:
        return
    lengths = re.findall(rb"\r\ncontent-length:", raw, re.IGNORECASE)
    if b"transfer-encoding:" in raw.lower():
        assert head.chunked
        assert not head.length
        assert not lengths
    assert b"secret-word" not in head.raw + head.metadata
    assert "secret-word" not in str(head.headers)


SCRIPT = """
def decode(payload, metadata, events, logger, respond):
    respond(b"%d:%b" % (len(payload), payload[:10]))
"""
STREAM = (
    b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
    b"POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n"
    b"GET /c HTTP/1.1\r\nHost: x\r\n\r\n"
    b"\r\nPOST /d HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    b"POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\n\r\n\r\n"
)
BODIES = [b"5:hello", b"5:abcde", b"Method Not Allowed.", b"0:", b"4:\r\n\r\n"]


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("head") / "home", script=SCRIPT)
    stead.serve()
    yield stead
    stead.end()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=12))
def test_a_stream_is_answered_alike_however_it_is_cut(stead: Stead, cuts: list[int]) -> None:
    edges = [0, *sorted(set(cuts)), len(STREAM)]
    with socket.create_connection(("127.0.0.1", stead.port), 10) as device:
        device.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start, end in itertools.pairwise(edges):
            device.sendall(STREAM[start:end])
        answer = read_all(device)
    assert [int(status) for status in re.findall(rb"HTTP/1.1 (\d+) ", answer)] == [200, 200, 405, 200, 200]
    found = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert found == BODIES
