"""The control protocol as the engine speaks it: who may do what, and what comes of nonsense."""

import stat
from collections.abc import Iterator
from typing import Any

import pytest

from core import VERSION
from core.control.codes import (
    FAULTY,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    MISFIT,
    NOT_ALLOWED,
    NOT_FOUND,
    PARSE_ERROR,
    REFUSED,
)
from core.control.greeting import PROTOCOL
from core.control.methods import METHODS
from tests.engine.stead import Stead, body
from tests.engine.wire import Line

REVISION = "000000000000"
PARAMS: dict[str, Any] = {
    "configuration.get": {"tenant": "default"},
    "configuration.edit": {"tenant": "default", "text": "[tenant]\nid='default'\nname='x'\n"},
    "configuration.component": {"tenant": "default", "text": "[tenant]\nid='default'\nname='x'\n", "path": "tenant"},
    "configuration.stage": {"tenant": "default", "text": "", "base": REVISION},
    "configuration.edit_staged": {"tenant": "default", "edits": []},
    "configuration.plan": {"tenant": "default"},
    "configuration.discard": {"tenant": "default"},
    "configuration.apply": {"tenant": "default"},
    "configuration.reload": {"tenant": "default"},
    "tenants.create": {"id": "new", "name": "New"},
    "tenants.remove": {"tenant": "default"},
    "frames.find": {"tenant": "default", "framing": {"type": "line"}, "data": ""},
    "lifecycle.start": {"path": "default"},
    "lifecycle.stop": {"path": "default"},
    "lifecycle.restart": {"path": "default"},
    "scripts.list": {"tenant": "default"},
    "scripts.read": {"tenant": "default", "name": "lora.py"},
    "scripts.write": {"tenant": "default", "name": "new.py", "text": ""},
    "secrets.write": {"tenant": "default", "name": "token", "value": "a"},
    "import.sitewhere": {"tenant": "new", "xml": ""},
    "decode.try": {"tenant": "default", "source": "lora", "payload": ""},
    "requests.get": {"id": "none"},
    "connections.list": {"tenant": "default", "source": "lora"},
    "connections.get": {"tenant": "default", "source": "lora", "id": "1-99"},
    "connections.frames": {"tenant": "default", "source": "lora", "remote": "x:1", "since": "2026-01-01T00:00:00Z"},
    "connections.close": {"tenant": "default", "source": "lora", "id": "1-99"},
    "replays.start": {"tenant": "default"},
    **{f"replays.{name}": {"id": "none"} for name in ("get", "cancel", "resume", "undo", "changes")},
    "failures.dismiss": {"id": "none", "why": "seen"},
    "failures.restore": {"id": "none"},
    "unsubscribe": {"subscription": 1},
}
"""Parameters that a call needs; for the others none do."""


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("control") / "home")
    stead.serve()
    yield stead
    stead.end()


@pytest.fixture
def line(stead: Stead) -> Iterator[Line]:
    with Line(stead) as line:
        yield line


def test_the_engine_says_what_it_is(stead: Stead, line: Line) -> None:
    welcome = line.hello()["result"]
    assert (welcome["protocol"], welcome["version"], welcome["role"]) == (PROTOCOL, VERSION, "admin")
    assert (welcome["home"], welcome["pid"], welcome["mode"]) == (str(stead.path), stead.engines[-1].pid, "serve")


def test_hello_comes_first(line: Line) -> None:
    answer = line.call("status")
    assert answer["error"]["code"] == INVALID_REQUEST
    assert answer["error"]["message"] == "the first call must be hello"
    assert line.hear() is None


@pytest.mark.parametrize("theirs", [0, PROTOCOL + 1])
def test_protocols_that_do_not_fit_are_told_in_one_sentence(line: Line, theirs: int) -> None:
    error = line.hello(protocol=theirs, version="9.9")["error"]
    assert error["code"] == MISFIT
    assert f"9.9, protocol {theirs}" in error["message"]
    assert f"{VERSION}, protocol {PROTOCOL}" in error["message"]
    assert line.hear() is None


@pytest.mark.parametrize(("name", "method"), METHODS.items(), ids=METHODS)
def test_a_viewer_may_see_all_and_change_nothing(line: Line, name: str, method: Any) -> None:
    assert line.hello(role="viewer")["result"]["role"] == "viewer"
    code = line.code(name, PARAMS.get(name))
    if method.role == "admin":
        assert code == NOT_ALLOWED
    else:
        assert code in (None, NOT_FOUND)


def test_nothing_of_what_a_viewer_asked_for_was_done(stead: Stead) -> None:
    assert [tenant.id for tenant in stead.status().tenants] == ["default"]
    assert stead.source().state == "started"
    assert not (stead.scripts / "new.py").exists()


def test_a_role_can_be_given_up_but_not_taken(line: Line) -> None:
    assert line.hello(role="viewer")["result"]["role"] == "viewer"
    assert line.code("lifecycle.stop", {"path": "default"}) == NOT_ALLOWED


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        (b"nonsense", PARSE_ERROR, "no JSON-RPC call"),
        (b"[]", PARSE_ERROR, "no JSON-RPC call"),
        (b"\xff\xfe", PARSE_ERROR, "no JSON-RPC call"),
        (b"", PARSE_ERROR, "no JSON-RPC call"),
        (b'{"id": 7, "method": "no.such"}', METHOD_NOT_FOUND, "there is no method no.such"),
        (b'{"id": 7, "method": "configuration.get", "params": {}}', INVALID_PARAMS, "tenant"),
        (b'{"id": 7, "method": "configuration.get", "params": {"tenant": 4}}', INVALID_PARAMS, "$.tenant"),
        (b'{"id": 7, "method": "configuration.get", "params": {"tenant": "../.."}}', REFUSED, "is no id"),
        (b'{"id": 7, "method": "configuration.get", "params": {"tenant": "none"}}', NOT_FOUND, "no tenant none"),
        (b'{"id": 7, "method": "lifecycle.stop", "params": {"path": "default/none"}}', NOT_FOUND, "no event source"),
        (b'{"id": 7, "method": "scripts.read", "params": {"tenant": "default", "name": "../x.py"}}', REFUSED, "x.py"),
    ],
)
def test_nonsense_is_answered_and_harms_nobody(line: Line, said: bytes, code: int, words: str) -> None:
    line.hello()
    line.say(said)
    answer = line.hear()
    assert answer is not None
    assert (answer["error"]["code"], answer["id"]) == (code, None if code == PARSE_ERROR else 7)
    assert words in answer["error"]["message"]
    assert "result" in line.call("status")


def test_a_call_without_an_id_is_done_and_not_answered(line: Line) -> None:
    line.hello()
    line.say(b'{"jsonrpc": "2.0", "method": "status"}')
    line.say(b'{"jsonrpc": "2.0", "method": "no.such"}')
    assert "result" in line.call("configuration.plan", {"tenant": "default"})


def test_a_filter_that_cannot_be_read_is_answered_with_its_column(line: Line) -> None:
    line.hello()
    error = line.call("subscribe", {"filter": "status:200 nope:1"})["error"]
    assert error["code"] == FAULTY
    (fault,) = error["data"]
    assert (fault["line"], fault["key"]) == (12, "filter")


def test_a_watch_tells_of_changes(stead: Stead, line: Line) -> None:
    line.hello()
    assert line.call("watch")["result"]["tree"]["title"] == "Tidegate"
    assert stead.post(body("watched")) == 200
    while True:
        message = line.hear()
        assert message is not None
        assert message["method"] == "state"
        if message["params"]["tree"]["requests"] > 0:
            break


def test_the_socket_is_its_owners_alone(stead: Stead) -> None:
    mode = (stead.path / "data" / "control.sock").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_line_that_is_too_long_ends_its_connection_alone(stead: Stead, line: Line) -> None:
    line.hello()
    try:
        for _ in range(140):
            line.socket.sendall(b"x" * (1 << 20))
    except OSError:
        pass  # the engine has heard enough
    else:
        line.say(b"")
    assert stead.status().tree.state == "started"


def test_shutdown_ends_the_engine(tmp_path_factory: pytest.TempPathFactory) -> None:
    stead = Stead(tmp_path_factory.mktemp("shutdown") / "home")
    engine = stead.serve()
    with Line(stead) as line:
        line.hello()
        assert line.call("shutdown")["result"] == {}
        assert engine.wait(10) == 0
        assert line.hear() is None
    assert not (stead.path / "data" / "control.sock").exists()
    stead.end()
