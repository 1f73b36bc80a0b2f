"""Who may come in: authentication of a source, over real sockets, to the row and to what the script is told."""

import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator

import pytest

from tests.cli.tidegate import free_port, until
from tests.engine.stead import Stead, source_text
from tests.wire.test_conformance import answers, talk

SCRIPT = """import json

def decode(payload, metadata, events, logger, respond):
    logger.info("%s", metadata)
    respond(json.dumps({"auth": metadata.get("auth.name"), "headers": metadata["http.headers"]}))
"""
AT = "[[device_communication.event_sources.interaction_handler.authentication]]\n"
BEARER = AT + 'type = "bearer"\nid = "gateways"\ntoken = { file = "secrets/token" }\n'
BASIC = AT + 'type = "basic"\nid = "old"\nusername = "field"\npassword = { env = "GATE_TEST_PASSWORD" }\n'
KEY = AT + 'type = "api_key"\nid = "webhook"\nheader = "X-Downlink-Key"\nkey = { file = "secrets/token" }\n'
HMAC = (
    AT + 'type = "hmac"\nid = "git"\nheader = "X-Hub-Signature-256"\nprefix = "sha256="\n'
    'secret = { file = "secrets/token" }\n'
)
TOKEN = b"tide-secret-8391"
SOURCES = {
    "bearer": "authentication_failures = 0\n" + BEARER,
    "several": "authentication_failures = 0\n" + BASIC + KEY + HMAC,
    "guessed": "authentication_failures = 3\n" + BEARER,
}


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in SOURCES}


@pytest.fixture(scope="module", autouse=True)
def stead(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Stead]:
    more = "".join(source_text(name, ports[name], handler=handler) for name, handler in SOURCES.items())
    stead = Stead(tmp_path_factory.mktemp("authentication") / "home", script=SCRIPT, more=more)
    (stead.tenant_file.parent / "secrets").mkdir(mode=0o700, exist_ok=True)
    (stead.tenant_file.parent / "secrets" / "token").write_bytes(TOKEN + b"\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATE_TEST_PASSWORD", "pass word")
        stead.serve()
    yield stead
    stead.end()


def post(body: bytes, *fields: bytes, close: bool = True) -> bytes:
    lines = [b"POST /x HTTP/1.1", b"Host: t", b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join([*lines, *([b"Connection: close"] if close else []), b"", b""]) + body


def status_of(port: int, *fields: bytes, body: bytes = b"x") -> int:
    ((status, _, _),) = answers(talk(port, post(body, *fields)))
    return status


def name_of(port: int, *fields: bytes, body: bytes = b"x") -> str:
    """As whom a request came in."""
    ((status, _, answer),) = answers(talk(port, post(body, *fields)))
    assert status == 200
    return json.loads(answer)["auth"]


GOOD = b"Authorization: Bearer " + TOKEN


def test_a_token_lets_in_and_is_told_to_nobody(stead: Stead, ports: dict[str, int]) -> None:
    for _ in range(3):  # unseen, seen once, remembered
        ((status, _, answer),) = answers(talk(ports["bearer"], post(b"x", GOOD)))
        said = json.loads(answer)
        assert (status, said["auth"]) == (200, "gateways")
        assert said["headers"]["authorization"] == "<redacted, 23 bytes>"
    newest = stead("requests", "--json", "--source", "bearer", "--limit", "1").objects[-1]
    assert newest["metadata"]["auth.name"] == "gateways"


@pytest.mark.parametrize(
    "field", [b"A: b", b"Authorization: Bearer wrong", b"Authorization: Basic eDp5", b"Authorization:"]
)
def test_without_it_nobody_comes_in(ports: dict[str, int], field: bytes) -> None:
    for _ in range(2):
        ((status, head, body),) = answers(talk(ports["bearer"], post(b"x", field)))
        assert status == 401
        assert b"\r\nWWW-Authenticate: Bearer " in head
        assert body == b"Unauthorized."


def test_a_body_is_not_waited_for_where_the_head_says_enough(ports: dict[str, int]) -> None:
    head = b"POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n%b\r\n\r\n"
    ((status, answer, _),) = answers(talk(ports["bearer"], head % b"A: b"))
    assert status == 401
    assert b"\r\nConnection: close" in answer
    ((status, _, _),) = answers(talk(ports["bearer"], head % b"Expect: 100-continue"))
    assert status == 401


def test_any_one_of_several_is_enough(ports: dict[str, int]) -> None:
    port, body = ports["several"], b'{"a": "\xc3\xa9"}'
    signature = hmac.new(TOKEN, body, hashlib.sha256).hexdigest().encode()
    assert name_of(port, b"Authorization: Basic " + base64.b64encode(b"field:pass word")) == "old"
    assert name_of(port, b"X-Downlink-Key: " + TOKEN) == "webhook"
    assert name_of(port, b"X-Hub-Signature-256: sha256=" + signature, body=body) == "git"
    assert status_of(port, b"X-Hub-Signature-256: sha256=" + signature, body=body + b" ") == 401
    assert status_of(port, b"Authorization: Basic " + base64.b64encode(b"field:pass")) == 401
    assert status_of(port) == 401


def test_an_address_that_guesses_waits(stead: Stead, ports: dict[str, int]) -> None:
    port = ports["guessed"]
    assert [status_of(port, b"Authorization: Bearer %d" % guess) for guess in range(3)] == [401] * 3
    ((status, head, _),) = answers(talk(port, post(b"x", GOOD)))
    assert status == 429
    assert b"\r\nRetry-After: " in head
    refused = stead("requests", "--refused", "--json", "--source", "guessed", "--limit", "10").objects
    assert {row["status"] for row in refused} == {401, 429}
    assert "the bearer token is wrong" in {row["reason"].removeprefix("not authenticated: ") for row in refused}


def test_another_token_holds_as_soon_as_its_file_says_so(stead: Stead, ports: dict[str, int]) -> None:
    file = stead.tenant_file.parent / "secrets" / "token"
    file.write_bytes(b"another-token")
    until(lambda: status_of(ports["bearer"], b"Authorization: Bearer another-token") == 200, "the new token to hold")
    assert status_of(ports["bearer"], GOOD) == 401
    file.write_bytes(TOKEN)
    until(lambda: status_of(ports["bearer"], GOOD) == 200, "the old token to hold again")


def test_the_tree_of_states_has_each_way_in(stead: Stead) -> None:
    (handler,) = [node for node in stead.source("several").children if node.kind == "interaction_handler"]
    assert [(node.kind, node.path.rpartition("/")[2]) for node in handler.children] == [
        ("authentication", "old"),
        ("authentication", "webhook"),
        ("authentication", "git"),
    ]
    assert "Bearer Token (gateways)" in stead("status").out


def test_no_secret_is_kept_anywhere(stead: Stead, ports: dict[str, int]) -> None:
    status_of(ports["bearer"], GOOD)
    status_of(ports["several"], b"X-Downlink-Key: " + TOKEN)
    status_of(ports["several"], b"Authorization: Basic " + base64.b64encode(b"field:pass word"))
    kept = b""
    for file in [*(stead.path / "data" / "journal").glob("*/*/*"), stead.path / "data" / "index.db"]:
        kept += file.read_bytes()
        if file.suffix == ".db":
            kept += b"".join(repr(row).encode() for row in sqlite3.connect(file).iterdump())
    assert TOKEN not in kept
    assert base64.b64encode(b"field:pass word") not in kept


def test_a_secret_that_is_not_there_is_said_and_nothing_starts(stead: Stead) -> None:
    text = stead.tenant_file.read_text()
    stead.tenant_file.write_text(text.replace("secrets/token", "secrets/nowhere", 1))
    applied = stead("apply", "default")
    assert applied.status == 1
    assert "secrets/nowhere" in applied.err + applied.out
    stead.tenant_file.write_text(text)
    assert stead("apply", "default").status == 0
