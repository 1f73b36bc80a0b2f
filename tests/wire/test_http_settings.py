"""What the HTTP handler's settings change, over real sockets."""

import gzip
import json
import re
import socket
import time
from collections.abc import Iterator

import pytest

from tests.cli.tidegate import free_port
from tests.engine.stead import Stead, read_all, source_text
from tests.wire.test_conformance import answers, talk

SCRIPT = """import json

def decode(payload, metadata, events, logger, respond):
    if payload == b"json":
        respond(b"{}", 201, content_type="application/json")
    elif payload == b"odd":
        respond(b"", content_type="text/plain\\r\\nEvil: yes")
    elif payload == b"huge":
        respond(bytes(2 << 20))
    else:
        said = {name: metadata.get(name) for name in ("remote.host", "remote.port", "remote.via")}
        respond(json.dumps(said | {"size": len(payload)}))
"""
SOURCES = {
    "typed": 'content_types = ["application/json", "text/*"]\nsuccess_content_type = "application/json"',
    "few": "max_requests = 3",
    "slow": 'body_rate = "1 KiB"\nbody_timeout = "60 s"',
    "behind": 'trusted_proxies = ["127.0.0.0/8"]',
    "forwarded": 'trusted_proxies = ["127.0.0.1"]\nforwarded = "forwarded"',
    "raw": "decompress = false",
    "small": 'max_body = "1000 B"',
}


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in SOURCES}


@pytest.fixture(scope="module", autouse=True)
def stead(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Stead]:
    more = "".join(source_text(name, ports[name], handler=handler) for name, handler in SOURCES.items())
    stead = Stead(tmp_path_factory.mktemp("settings") / "home", script=SCRIPT, more=more)
    stead.serve()
    yield stead
    stead.end()


def post(body: bytes, *fields: bytes, close: bool = True) -> bytes:
    lines = [b"POST /x HTTP/1.1", b"Host: t", b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join([*lines, *([b"Connection: close"] if close else []), b"", b""]) + body


def said(port: int, body: bytes, *fields: bytes) -> dict[str, object]:
    """What the script was told, from its answer."""
    ((status, _, answer),) = answers(talk(port, post(body, *fields)))
    assert status == 200
    return json.loads(answer)


def status_of(port: int, body: bytes, *fields: bytes) -> int:
    ((status, _, _),) = answers(talk(port, post(body, *fields)))
    return status


def test_content_types_that_are_not_served(ports: dict[str, int]) -> None:
    port = ports["typed"]
    assert status_of(port, b"x", b"Content-Type: application/json; charset=utf-8") == 200
    assert status_of(port, b"x", b"Content-Type: TEXT/csv") == 200
    assert status_of(port, b"x", b"Content-Type: image/png") == 415
    assert status_of(port, b"x") == 415
    assert status_of(port, b"") == 200  # there is no content that could be of a wrong type


def test_a_script_says_the_content_type_of_its_answer(stead: Stead) -> None:
    ((status, head, body),) = answers(talk(stead.port, post(b"json")))
    assert (status, body) == (201, b"{}")
    assert b"\r\nContent-Type: application/json\r\n" in head
    for unfit in (b"odd", b"huge"):
        ((status, head, _),) = answers(talk(stead.port, post(unfit)))
        assert status == 422
        assert b"Evil" not in head


def test_a_connection_ends_after_so_many_requests(ports: dict[str, int]) -> None:
    given = answers(talk(ports["few"], post(b"a", close=False) * 5))
    assert [status for status, _, _ in given] == [200, 200, 200]
    assert [b"\r\nConnection: close" in head for _, head, _ in given] == [False, False, True]


def test_a_body_that_trickles_is_ended_before_its_time_limit(ports: dict[str, int]) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", ports["slow"]), 30) as device:
        device.sendall(b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\nabc")
        answer = read_all(device)
    assert [status for status, _, _ in answers(answer)] == [408]
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("coding", [b"gzip", b"x-gzip", b"GZIP"])
def test_compressed_bodies_reach_the_script_as_they_were(stead: Stead, coding: bytes) -> None:
    assert said(stead.port, gzip.compress(b"a" * 5000), b"Content-Encoding: " + coding)["size"] == 5000


def test_compressed_and_chunked(stead: Stead) -> None:
    body = gzip.compress(b"a" * 5000)
    sent = (
        b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    )
    ((status, _, answer),) = answers(talk(stead.port, sent))
    assert (status, json.loads(answer)["size"]) == (200, 5000)


def test_a_body_that_is_larger_once_it_is_decompressed(stead: Stead, ports: dict[str, int]) -> None:
    bomb = gzip.compress(bytes(20_000_000), 9)[:]
    assert status_of(stead.port, bomb, b"Content-Encoding: gzip") == 413
    assert status_of(ports["small"], gzip.compress(bytes(1001)), b"Content-Encoding: gzip") == 413
    assert status_of(ports["small"], gzip.compress(bytes(1000)), b"Content-Encoding: gzip") == 200


def test_codings_that_nobody_knows_and_bodies_that_are_not_what_they_say(stead: Stead) -> None:
    ((status, head, _),) = answers(talk(stead.port, post(b"x", b"Content-Encoding: br")))
    assert status == 415
    assert b"\r\nAccept-Encoding: gzip, deflate, zstd" in head
    assert status_of(stead.port, b"not so", b"Content-Encoding: gzip") == 400


def test_a_body_left_as_it_was_sent(ports: dict[str, int]) -> None:
    coded = gzip.compress(b"a" * 5000)
    assert said(ports["raw"], coded, b"Content-Encoding: gzip")["size"] == len(coded)
    assert said(ports["raw"], b"xyz", b"Content-Encoding: br")["size"] == 3


def test_a_trusted_proxy_says_who_the_device_is(stead: Stead, ports: dict[str, int]) -> None:
    through = said(ports["behind"], b"x", b"X-Forwarded-For: 203.0.113.5, 192.0.2.7")
    assert through["remote.host"] == "192.0.2.7"
    assert re.fullmatch(r"127\.0\.0\.1:\d+", str(through["remote.via"]))
    newest = stead.requests("--source", "behind")[-1]
    assert newest["remote"].startswith("192.0.2.7:")
    assert said(ports["forwarded"], b"x", b'Forwarded: for="[2001:db8::7]:99"')["remote.host"] == "2001:db8::7"
    assert said(ports["forwarded"], b"x", b"X-Forwarded-For: 192.0.2.7")["remote.host"] == "127.0.0.1"


def test_nobody_else_does(stead: Stead) -> None:
    untrusted = said(stead.port, b"x", b"X-Forwarded-For: 192.0.2.7")
    assert (untrusted["remote.host"], untrusted["remote.via"]) == ("127.0.0.1", None)


def test_settings_that_cannot_be_are_said_where_they_stand(stead: Stead) -> None:
    text = stead.tenant_file.read_text()
    for line, said_of_it in {
        'trusted_proxies = ["10.0.0.0/8", "nowhere"]': "'nowhere' is no address or network",
        'success_content_type = "text"': "is no content type",
        "max_requests = 0": "less than 1",
        'forwarded = "via"': "none of x-forwarded-for, forwarded",
    }.items():
        stead.tenant_file.write_text(text.replace("max_requests = 3", line))
        checked = stead("check")
        assert checked.status == 1
        assert said_of_it in checked.err + checked.out
    stead.tenant_file.write_text(text)
