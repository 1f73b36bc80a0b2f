"""HTTP/1.1 as devices speak it, byte for byte, to a real source (RFC 9110, RFC 9112)."""

import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator

import pytest

from tests.cli.tidegate import free_port, until
from tests.engine.stead import Stead, read_all, source_text

ECHO = """import json

def decode(payload, metadata, events, logger, state, respond):
    state["count"] = state.get("count", 0) + 1
    if payload == b"bad":
        raise ValueError("it is bad")
    if payload == b"respond":
        respond("downlink", 201)
    if payload.startswith(b"refuse"):
        respond("not so", int(payload[6:]))
        raise ValueError("refused")
    events.alert("device", "echo", payload.decode("latin-1"), metadata={
        "size": len(payload), "method": metadata["http.method"], "path": metadata["http.path"],
        "headers": json.dumps(metadata["http.headers"]), "query": json.dumps(metadata["http.query"]),
        "remote": metadata["remote.host"], "source": metadata["source"], "count": state["count"]})
"""

STRICT = """paths = ["/only", "/some/*"]
methods = ["POST", "GET"]
on_failure = "accept"
success_status = 202
success_body = "ok"
"""
IMPATIENT = 'head_timeout = "300 ms"\nbody_timeout = "300 ms"\nidle_timeout = "600 ms"'
SMALL = 'max_head = "1 KiB"\nmax_body = "100 B"\n'


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    ports = {"strict": free_port(), "small": free_port()}
    stead = Stead(
        tmp_path_factory.mktemp("http") / "home",
        script=ECHO,
        more=source_text("strict", ports["strict"], handler=STRICT)
        + source_text("small", ports["small"], handler=SMALL + IMPATIENT),
    )
    stead.serve()
    yield stead
    stead.end()


@pytest.fixture
def strict(stead: Stead) -> Iterator[Stead]:
    with other_port(stead, "strict"):
        yield stead


@pytest.fixture
def small(stead: Stead) -> Iterator[Stead]:
    with other_port(stead, "small"):
        yield stead


class other_port:
    """The stead's raw and post go to another source of it."""

    def __init__(self, stead: Stead, source: str) -> None:
        self._stead, self._own = stead, stead.port
        self._port: int = stead.source(source).detail["port"]

    def __enter__(self) -> None:
        self._stead.port = self._port

    def __exit__(self, *_: object) -> None:
        self._stead.port = self._own


def post(body: bytes, *headers: str, target: str = "/x", method: str = "POST", version: str = "1.1") -> bytes:
    lines = [f"{method} {target} HTTP/{version}", "Host: tide", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


CLOSE = "Connection: close"


def test_an_answer_has_date_and_length_and_says_nothing_of_the_inside(stead: Stead) -> None:
    head, _, body = stead.raw(post(b"hello", CLOSE)).partition(b"\r\n\r\n")
    names = [line.split(b":")[0] for line in head.split(b"\r\n")[1:]]
    assert names == [b"Date", b"Content-Type", b"Content-Length", b"Connection"]
    assert body == b"Information received."


def test_the_script_sees_the_request(stead: Stead) -> None:
    stead.raw(post(b"seen", "X-Key: a", "x-key: b", CLOSE, target="/p%20q?a=1&a=2&b="))
    (event,) = [event for event in stead.events() if event["message"] == "seen"]
    seen = event["metadata"]
    assert (seen["method"], seen["path"], seen["remote"], seen["source"]) == ("POST", "/p q", "127.0.0.1", "lora")
    assert json.loads(seen["query"]) == {"a": ["1", "2"], "b": [""]}
    assert json.loads(seen["headers"])["x-key"] == "a, b"


def test_bytes_stay_bytes(stead: Stead) -> None:
    every = bytes(range(256))
    assert statuses(stead.raw(post(every, CLOSE))) == [200]
    assert stead.events()[-1]["message"] == every.decode("latin-1")


def test_requests_byte_by_byte_are_the_same_requests(stead: Stead) -> None:
    with socket.create_connection(("127.0.0.1", stead.port), 10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in post(b"one") + post(b"two", CLOSE):
            connection.send(bytes([byte]))
        assert statuses(read_all(connection)) == [200, 200]
    assert [event["message"] for event in stead.events()[-2:]] == ["one", "two"]


def test_pipelined_requests_are_answered_in_their_order(stead: Stead) -> None:
    count = 300  # more than may wait on one connection, so that it is paused and resumed
    burst = b"".join(post(b"respond" if n % 3 == 0 else b"bad" if n % 3 == 1 else b"%d" % n) for n in range(count))
    answer = stead.raw(burst + post(b"end", CLOSE))
    assert statuses(answer) == [201, 422, 200] * (count // 3) + [200]
    messages = [event["message"] for event in stead.events()][-(2 * count // 3) - 1 :]
    expected = [m for n in range(count) for m in ([] if n % 3 == 1 else ["respond" if n % 3 == 0 else str(n)])]
    assert messages == [*expected, "end"]


def test_a_device_that_takes_no_answers_is_not_read_without_end(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(script=ECHO)
    stead.serve()
    with socket.create_connection(("127.0.0.1", stead.port), 10) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(0.5)
        taken = send_until_blocked(connection, post(b"respond") * 100, most=64 << 20)
        assert taken < 64 << 20
        connection.settimeout(10)
        assert statuses(connection.recv(4096))[0] == 201
    (worker,) = stead.workers()
    assert stead.post(b"still here") == 200
    assert stead.workers() == [worker]


def send_until_blocked(connection: socket.socket, data: bytes, most: int) -> int:
    """How many bytes are taken until none is for as long as the connection's time limit."""
    sent = 0
    try:
        while sent < most:
            sent += connection.send(data)
    except TimeoutError:
        pass
    return sent


def test_a_script_chooses_the_refusal_of_what_it_fails_but_no_success(stead: Stead) -> None:
    answer = stead.raw(post(b"refuse409") + post(b"refuse200", CLOSE))
    assert statuses(answer) == [409, 422]
    assert b"not so" in answer


def test_a_connection_keeps_its_state(stead: Stead) -> None:
    stead.raw(post(b"s1") + post(b"s2") + post(b"s3", CLOSE))
    assert [event["metadata"]["count"] for event in stead.events()[-3:]] == ["1", "2", "3"]
    detail = stead.talk(lambda client: client.call("requests.get", {"id": stead.requests()[-1]["id"]}))
    assert detail.state == {"count": 2}


def test_chunked_bodies(stead: Stead) -> None:
    head = b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"4;extension=1\r\nWiki\r\n5\r\npedia\r\n0\r\nTrailer: t\r\n\r\n"
    assert statuses(stead.raw(head + chunks + post(b"after", CLOSE))) == [200, 200]
    assert [event["message"] for event in stead.events()[-2:]] == ["Wikipedia", "after"]


def test_expect_100_continue(stead: Stead) -> None:
    with socket.create_connection(("127.0.0.1", stead.port), 10) as connection:
        connection.sendall(post(b"", "Expect: 100-continue", CLOSE).replace(b"Length: 0", b"Length: 5"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"later")
        assert statuses(read_all(connection)) == [200]


def test_http_1_0_is_answered_and_closed(stead: Stead) -> None:
    assert statuses(stead.raw(post(b"old", version="1.0") + post(b"never"))) == [200]


def test_a_half_closed_connection_is_answered(stead: Stead) -> None:
    assert statuses(stead.raw(post(b"a") + post(b"b"), half_close=True)) == [200, 200]


def test_one_empty_line_before_a_request_is_let_through(stead: Stead) -> None:
    assert statuses(stead.raw(b"\r\n" + post(b"a") + b"\r\n" + post(b"b", CLOSE))) == [200, 200]
    assert statuses(stead.raw(b"\r\n\r\n" + post(b"a", CLOSE))) == [400]


def test_an_absolute_target_is_its_path(strict: Stead) -> None:
    assert statuses(strict.raw(post(b"a", CLOSE, target="http://elsewhere:1/only?x"))) == [202]


MALFORMED = {
    "both lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a signed length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
    "an unknown coding": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no host": b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "two hosts": b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a space before the colon": b"POST / HTTP/1.1\r\nHost : x\r\n\r\n",
    "a NUL": b"POST / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    "a bare line feed": b"POST / HTTP/1.1\nHost: x\r\n\r\n",
    "only bare line feeds": b"POST / HTTP/1.1\nHost: x\n\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "a bad chunk size": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_requests_are_refused_and_kept(stead: Stead, data: bytes) -> None:
    answer = stead.raw(data + post(b"smuggled"))
    assert statuses(answer) in ([400], [501])
    assert b"Connection: close" in answer
    assert stead.requests("--refused")[-1]["remote"].startswith("127.0.0.1:")
    assert "smuggled" not in {event["message"] for event in stead.events()}


def test_a_request_cut_short_is_refused(stead: Stead) -> None:
    assert statuses(stead.raw(post(b"abc")[:-1], half_close=True)) == [400]
    with socket.create_connection(("127.0.0.1", stead.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no goodbye
        connection.sendall(post(b"abc")[:-1])
    reason = "the connection ended in the middle of a request"
    until(lambda: stead.requests("--refused")[-1]["reason"] == reason, "the refused request")


def test_paths_and_methods(strict: Stead) -> None:
    assert statuses(strict.raw(post(b"a", CLOSE, target="/only"))) == [202]
    assert statuses(strict.raw(post(b"a", CLOSE, target="/some/thing"))) == [202]
    assert statuses(strict.raw(post(b"a", target="/other") + post(b"b", CLOSE, target="/only"))) == [404, 202]
    answer = strict.raw(post(b"a", method="PUT", target="/only") + post(b"b", CLOSE, target="/only"))
    assert statuses(answer) == [405, 202]
    assert b"\r\nAllow: GET, POST\r\n" in answer
    get = strict.raw(b"GET /only HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert statuses(get) == [202]
    assert get.endswith(b"\r\n\r\nok")


def test_a_failure_that_is_accepted_is_kept_as_failed(strict: Stead) -> None:
    assert statuses(strict.raw(post(b"bad", CLOSE, target="/only"))) == [202]
    failed = strict.last_request("failed")
    assert (failed["status"], failed["reason"]) == (202, "lora.py:6  it is bad")


def test_sizes_have_limits(small: Stead) -> None:
    assert statuses(small.raw(post(b"x" * 100, CLOSE))) == [200]
    assert statuses(small.raw(post(b"x" * 101))) == [413]
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert statuses(small.raw(chunked + b"60\r\n" + b"x" * 96 + b"\r\n5\r\nxxxxx\r\n0\r\n\r\n")) == [413]
    assert statuses(small.raw(post(b"", "X-Long: " + "x" * 1024))) == [431]
    assert statuses(small.raw(b"POST /" + b"x" * 2000)) == [431]


def test_times_have_limits(small: Stead) -> None:
    assert statuses(small.raw(b"POST / HTTP/1.1\r\nHo")) == [408]
    assert statuses(small.raw(post(b"abc")[:-1])) == [408]
    assert small.raw(b"") == b""


def test_a_trickled_head_does_not_begin_its_time_anew(small: Stead) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", small.port), 10) as connection:
        connection.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() < began + 10:
            connection.sendall(b"P")
            try:
                answer = connection.recv(1000)
            except TimeoutError:
                continue
    assert statuses(answer) == [408]
    assert time.monotonic() - began < 3


def test_secrets_in_headers_are_not_kept(stead: Stead) -> None:
    secrets = ("Authorization: Bearer hunter2", "Cookie: a=hunter3", "Proxy-Authorization: hunter4")
    stead.raw(post(b"secret", *secrets, CLOSE))
    event = stead.events()[-1]
    detail = stead.talk(lambda client: client.call("requests.get", {"id": event["request"]}))
    assert b"Authorization: <redacted, 14 bytes>\r\n" in detail.head
    for segment in (stead.path / "data").rglob("*"):
        if segment.is_file():
            assert b"hunter" not in segment.read_bytes(), segment


def test_a_nearly_full_disk_is_a_503_with_retry_after(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(instance='[journal]\nfree_disk = "16 TiB"\n')
    stead.serve()
    answer = stead.raw(post(b'{"id": 1, "value": 1}') + post(b'{"id": 1, "value": 1}', CLOSE))
    assert statuses(answer) == [503, 503]
    assert answer.count(b"\r\nRetry-After: 1\r\n") == 2
    assert stead.events() == []


def test_one_connection_too_many_is_turned_away(make_stead: Callable[..., Stead]) -> None:
    stead = make_stead(settings="max_connections = 2")
    stead.serve()
    with socket.create_connection(("127.0.0.1", stead.port)), socket.create_connection(("127.0.0.1", stead.port)):
        until(lambda: statuses(stead.raw(b"", timeout=0.2)) == [503], "the third to be refused")
    until(lambda: stead.post(b'{"id": 1, "value": 1}') == 200, "a place")
