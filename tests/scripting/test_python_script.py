"""The Python decoder with real scripts in real folders, as a worker calls it."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.catalogue.received import Received
from core.components.decoders.python import PythonDecoder, PythonSettings
from core.scripting.log import MOST_KEPT, DecodeLog
from core.scripting.python_script import ScriptError
from core.worker.context import Context
from core.worker.limits import MOST_REASON
from core.worker.runner import Decoded, Runner

HEAD = "def decode(payload, metadata, events, logger):\n"
Make = Callable[[str], "Tried"]


class Tried:
    """A decoder of one script, and the runner that a worker has for it."""

    def __init__(self, folders: list[Path], script: str, timeout: str = "2 s") -> None:
        self.file = folders[0] / "decode.py"
        self.file.write_text(script)
        self.log = DecodeLog()
        settings = msgspec.convert({"script": "decode.py"}, PythonSettings)
        self.decoder = PythonDecoder(settings, Context("default", "lora", folders, self.log))
        self.decoder.timeout = 0.3
        self.runner = Runner(self.decoder, None, self.log)

    def load(self) -> "Tried":
        self.runner.load()
        return self

    def fault(self) -> str:
        with pytest.raises(ScriptError) as failed:
            self.runner.load()
        return str(failed.value)

    def run(self, payload: bytes = b"", state: dict[str, Any] | None = None) -> tuple[Decoded, Received]:
        where = "127.0.0.1:5000"
        received = Received(
            bytes(16),
            1423650780578,
            time.perf_counter(),
            ("127.0.0.1", 5000),
            where,
            payload,
            None,
            {} if state is None else state,
            lambda: {"http.method": "POST"},
        )
        return self.runner.run(received), received

    def reason(self, payload: bytes = b"") -> str | None:
        return self.run(payload)[0].reason

    def events(self, payload: bytes = b"") -> list[dict[str, Any]]:
        decoded, _ = self.run(payload)
        assert decoded.reason is None
        return msgspec.json.decode(decoded.events or b"[]")


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[list[Path]]:
    """The tenant's scripts folder and the shared one; nothing of them stays loaded."""
    found = [tmp_path / "tenant", tmp_path / "shared"]
    for folder in found:
        folder.mkdir()
    path, modules, stdout, bytecode = list(sys.path), set(sys.modules), sys.stdout, sys.dont_write_bytecode
    sys.dont_write_bytecode = True  # as in a worker
    yield found
    sys.path[:] = path
    sys.stdout, sys.dont_write_bytecode = stdout, bytecode
    for name in set(sys.modules) - modules:
        if str(tmp_path) in repr(sys.modules[name]):
            del sys.modules[name]


@pytest.fixture
def script(folders: list[Path]) -> Make:
    return lambda text: Tried(folders, text)


def test_a_script_gets_payload_metadata_events_and_logger(script: Make) -> None:
    tried = script(
        HEAD + '    logger.info("%d bytes", len(payload))\n'
        '    events.alert("d", metadata["source"], str(metadata["received"]), metadata={'
        '"from": metadata["remote.host"], "port": metadata["remote.port"], "method": metadata["http.method"]})\n'
    ).load()
    decoded, _ = tried.run(b"abc")
    (event,) = msgspec.json.decode(decoded.events or b"[]")
    assert (event["type"], event["message"]) == ("lora", "2015-02-11 10:33:00.578000+00:00")
    assert event["metadata"] == {"from": "127.0.0.1", "port": "5000", "method": "POST"}
    assert decoded.log == b"INFO 3 bytes\n"


def test_no_events_are_a_success(script: Make) -> None:
    assert script(HEAD + "    pass\n").load().events() == []


@pytest.mark.parametrize(
    "arguments", ["state, respond", "respond, state", "*, state, respond", "state=None, respond=None"]
)
def test_who_names_state_and_respond_gets_them(script: Make, arguments: str) -> None:
    tried = script(
        f"def decode(payload, metadata, events, logger, {arguments}):\n"
        '    state["n"] = state.get("n", 0) + 1\n    respond("n=%d" % state["n"], status=201)\n'
    ).load()
    state: dict[str, Any] = {"n": 4}
    decoded, received = tried.run(state=state)
    assert decoded.state == b'{"n":4}'
    assert state == {"n": 5}
    assert received.respond == (b"n=5", 201)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("respond(17)", "decode.py:2  respond was given int, not bytes or text"),
        ("respond(None)", "decode.py:2  respond was given NoneType, not bytes or text"),
        ("respond(b'', 99)", "decode.py:2  respond was given the status 99: a whole number from 200 to 599 is one"),
        ("respond(b'', 600)", "decode.py:2  respond was given the status 600: a whole number from 200 to 599 is one"),
        (
            "respond(b'', '200')",
            "decode.py:2  respond was given the status '200': a whole number from 200 to 599 is one",
        ),
    ],
)
def test_an_answer_that_is_none_is_refused(script: Make, call: str, reason: str) -> None:
    tried = script(f"def decode(payload, metadata, events, logger, respond):\n    {call}\n").load()
    assert tried.reason() == reason


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "decode.py: has no function decode(payload, metadata, events, logger)"),
        ("decode = 5\n", "decode.py: has no function decode(payload, metadata, events, logger)"),
        ("def decode(payload, metadata, events):\n    pass\n", "decode must take payload, metadata, events, logger"),
        ("def decode(payload, metadata, events, logger, more):\n    pass\n", "and may take state and respond"),
        ("def decode(a, b, c, d, state, /):\n    pass\n", "and may take state and respond"),
        ("decode = print\n", None),
        ("async def decode(payload, metadata, events, logger):\n    pass\n", "decode is async"),
        (HEAD + "    yield\n", "decode yields; it must not"),
        ("def decode(:\n", "decode.py:1: invalid syntax"),
        ("\n\nimport nowhere\n", "decode.py:3: ModuleNotFoundError: No module named 'nowhere'"),
        ("def f():\n    return 1 / 0\n\nf()\n", "decode.py:2: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(2)\n", "decode.py:2: SystemExit: 2"),
        ("raise KeyboardInterrupt\n", "decode.py:1: KeyboardInterrupt"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_line(script: Make, text: str, fault: str | None) -> None:
    tried = script(text)
    if fault is None:
        tried.load()
    else:
        assert fault in tried.fault()


def test_a_script_that_is_nowhere(folders: list[Path]) -> None:
    tried = Tried(folders, "")
    tried.file.unlink()
    assert tried.fault() == "decode.py: no such script in the scripts folders"


def test_other_names_of_the_arguments_and_more_with_defaults_are_fine(script: Make) -> None:
    assert script('def decode(p, m, e, log, *rest, extra=1, **more):\n    e.register("d")\n').load().events() != []


def test_modules_are_imported_from_both_folders_and_loaded_afresh(folders: list[Path]) -> None:
    (folders[0] / "near.py").write_text("NAME = 'near'\n")
    (folders[1] / "near.py").write_text("NAME = 'hidden'\n")
    (folders[1] / "kit").mkdir()
    (folders[1] / "kit" / "far.py").write_text("NAME = 'far'\n")
    text = "from kit import far\nimport near\n" + HEAD + "    events.register(near.NAME + far.NAME)\n"
    tried = Tried(folders, text).load()
    assert tried.events()[0]["hardwareId"] == "nearfar"
    version = tried.decoder.version
    (folders[1] / "kit" / "far.py").write_text("NAME = 'new'\n")
    assert tried.load().events()[0]["hardwareId"] == "nearnew"
    assert tried.decoder.version != version
    (folders[0] / "near.py").unlink()
    assert tried.load().events()[0]["hardwareId"] == "hiddennew"


def test_what_was_loaded_stays_where_the_new_cannot_be(folders: list[Path]) -> None:
    (folders[0] / "near.py").write_text("NAME = 'good'\n")
    text = HEAD + "    import near\n    events.register(near.NAME)\n"
    tried = Tried(folders, text).load()
    assert tried.events()[0]["hardwareId"] == "good"
    version = tried.decoder.version
    tried.file.write_text("import near\n" + text + "broken(\n")
    tried.fault()
    assert (tried.events()[0]["hardwareId"], tried.decoder.version) == ("good", version)


def test_what_is_raised_is_the_reason_with_the_scripts_own_line(folders: list[Path]) -> None:
    (folders[1] / "parts.py").write_text("def parse(payload):\n    return {}['id']\n")
    text = (
        "import json\nimport parts\n"
        + HEAD
        + "    parts.parse(payload) if payload == b'parts' else json.loads(payload)\n"
    )
    tried = Tried(folders, text).load()
    assert tried.reason(b"parts") == "parts.py:2  KeyError: 'id'"
    assert (tried.reason(b"{") or "").startswith("decode.py:4  JSONDecodeError: Expecting property name")


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        ("ValueError('it is bad')", "decode.py:2  it is bad"),
        ("ValueError", "decode.py:2  ValueError"),
        ("KeyError('id')", "decode.py:2  KeyError: 'id'"),
        ("SystemExit(3)", "decode.py:2  SystemExit: 3"),
        ("GeneratorExit", "decode.py:2  GeneratorExit"),
        ("ValueError('a\\ud800b')", "decode.py:2  a?b"),
        ("ExceptionGroup('two', [ValueError('a')])", "decode.py:2  ExceptionGroup: two (1 sub-exception)"),
        ("type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()", "Odd"),
        ("type('Slow', (Exception,), {'__str__': lambda self: exec('while True: pass')})()", "ran longer than"),
    ],
)
def test_whatever_is_raised(script: Make, raised: str, reason: str) -> None:
    tried = script(HEAD + f"    raise {raised}\n").load()
    found = tried.reason()
    assert found is not None
    assert found.startswith(reason)


def test_a_reason_has_an_end(script: Make) -> None:
    reason = script(HEAD + "    raise ValueError('x' * 10**6)\n").load().reason()
    assert len(reason or "") == MOST_REASON


def test_a_failed_decode_keeps_none_of_its_events(script: Make) -> None:
    decoded, _ = script(HEAD + "    events.register('a')\n    raise ValueError('b')\n").load().run()
    assert (decoded.events, decoded.reason) == (None, "decode.py:3  b")


def test_what_is_printed_or_logged_is_kept_and_bounded(script: Make) -> None:
    tried = script(
        HEAD + "    print('héllo', payload.decode(), end='!')\n    logger.error('%s', 'é')\n    logger.debug('100%')\n"
    )
    sys.stdout = tried.log
    tried.load()
    assert tried.run(b"x")[0].log == "héllo x!ERROR é\nDEBUG 100%\n".encode()
    decoded, _ = tried.run(b"y" * MOST_KEPT)
    assert len(decoded.log or b"") == MOST_KEPT
    assert decoded.log_cut > 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("state['x'] = object()", "the connection's state is not JSON"),
        ("state['x'] = 'y' * 5000", "the connection's state is 5008 bytes; 4096 are allowed"),
        ("state['x'] = state", "the connection's state is not JSON"),
        ("state['x'] = '\\ud800'", "the connection's state is not JSON"),
    ],
)
def test_a_state_that_cannot_be_kept_fails_the_next_request(script: Make, change: str, reason: str) -> None:
    tried = script(f"def decode(payload, metadata, events, logger, state):\n    {change}\n").load()
    state: dict[str, Any] = {}
    assert tried.run(state=state)[0].reason is None
    assert (tried.run(state=state)[0].reason or "").startswith(reason)


@pytest.mark.parametrize(
    "body",
    [
        "    events.alert('d', 't', metadata['source'])",
        "    events.alert('d', 't', locals()['metadata']['source'])",
        "    events.alert('d', 't', eval('metadata')['source'])",
        "    events.alert('d', 't', (lambda: metadata)()['source'])",
        "    events.alert('d', 't', [metadata for _ in '1'][0]['source'])",
        "    told = metadata\n    metadata = None\n    events.alert('d', 't', told['source'])",
        "    import sys\n    events.alert('d', 't', sys._getframe().f_locals['metadata']['source'])",
        "    for metadata in [dict(metadata)]:\n        events.alert('d', 't', metadata['source'])",
    ],
)
def test_however_a_script_looks_at_its_metadata_it_finds_them(script: Make, body: str) -> None:
    decoded, _ = script(HEAD + body).load().run()
    assert decoded.reason is None
    assert b'"message":"lora"' in (decoded.events or b"")


@pytest.mark.parametrize(
    "text",
    [
        "def decode(*arguments):\n    arguments[2].alert('d', 't', arguments[1]['source'])",
        "def look(f):\n    return lambda *given: f(*given)\n@look\n"
        "def decode(a, b, c, d):\n    c.alert('d', 't', b['source'])",
        "class Decoder:\n    def __call__(self, a, b, c, d):\n        c.alert('d', 't', b['source'])\n"
        "decode = Decoder()",
        "def decode(payload, meta, events, logger):\n    events.alert('d', 't', meta['source'])",
        "class D:\n    def decode(self, p, m, e, l):\n        e.alert('d', 't', m['source'])\ndecode = D().decode",
    ],
)
def test_whatever_its_function_is_it_finds_its_metadata(script: Make, text: str) -> None:
    decoded, _ = script(text).load().run()
    assert decoded.reason is None
    assert b'"message":"lora"' in (decoded.events or b"")
