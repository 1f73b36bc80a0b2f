"""Scripts around the decoder, on real sockets: where a frame ends, what a device is answered, a whole connection."""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from core.control.received import OfRequest
from core.model.requests import RequestDetail
from tests.cli.tidegate import free_port, until
from tests.engine.stead import SOURCE, Stead, read_all

DECODE = """
def decode(payload, metadata, events, logger, state, respond):
    if payload == b"bad":
        raise ValueError("it is bad")
    if payload == b"speaks":
        respond(b"from decode\\n")
    if payload == b"login":
        state["device"] = "d7"
        return
    events.alert(state.get("device", "nobody"), "frame", payload.decode())
"""
ANSWER = """
def answer(request, events, failure, state):
    if request.payload == b"raises":
        raise ValueError("no answer to this")
    if request.payload == b"number":
        return 5
    if request.payload == b"loops":
        while True:
            pass
    if request.payload == b"speaks":
        return request.answer + b"and more\\n"
    if failure is not None:
        return f"NAK {failure}\\n"
    if request.payload == b"usual":
        return None
    print("answering", request.metadata["source"])
    said = [event["message"] for event in events]
    return f"ACK {said} {state.get('device')}\\n"
"""
FRAME = """
def frame(buffer, state):
    if buffer[0] == 0:
        return 1
    if buffer[0] == 0xEE:
        raise ValueError("this is no frame")
    if buffer[0] == 0xDD:
        return "what"
    if buffer[0] == 0xBB:
        while True:
            pass
    size = 1 + buffer[0]
    if len(buffer) < size:
        return None
    state["frames"] = state.get("frames", 0) + 1
    return size, buffer[1:size]
"""
HANDLE = """
import asyncio
import os


async def handle(connection):
    await connection.write(b"HELLO\\n")
    connection.state["device"] = (await connection.readline()).decode().strip()
    while True:
        line = (await connection.readuntil(b";"))[:-1]
        if line == b"raise":
            raise ValueError("the script gave up")
        if line == b"loop":
            while True:
                pass
        if line == b"task":
            async def later():
                while True:
                    pass
            await asyncio.create_task(later())
        if line == b"bye":
            await connection.write(b"BYE\\n")
            return
        if line == b"die":
            os._exit(3)
        if line == b"wait":
            await asyncio.sleep(3600)
        if line == b"refuse":
            connection.refuse("it is no message", b"refused bytes")
            continue
        if line == b"many":
            kept = await asyncio.gather(*(connection.request(b"m%d" % number) for number in range(20)))
            await connection.write(b"%d kept\\n" % sum(one.failure is None for one in kept))
            continue
        if line == b"exactly":
            line = await connection.readexactly(5)
        kept = await connection.request(line)
        await connection.write((kept.failure or f"{len(kept.events)} {kept.answer.decode()}").encode() + b"\\n")
"""
FRAMED = SOURCE.replace('type = "http"\n{handler}', 'type = "framed"\n{handler}')
SCRIPTED = SOURCE.replace('type = "http"\n{handler}', 'type = "python"\n{handler}')
LINES = '[device_communication.event_sources.interaction_handler.framing]\ntype = "line"'
OWN = '[device_communication.event_sources.interaction_handler.framing]\ntype = "python"\nscript = "frame.py"'
DECODES_TEXT = 'type = "json"'


def source(template: str, id: str, port: int, handler: str) -> str:
    return template.format(id=id, port=port, settings="", handler=handler, decoder="", script="lora.py")


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in ("answers", "frames", "handles", "impatient", "json")}


@pytest.fixture(scope="module", autouse=True)
def stead(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("scripted") / "home", script=DECODE)
    for name, text in (("answer.py", ANSWER), ("frame.py", FRAME), ("handle.py", HANDLE)):
        (stead.scripts / name).write_text(text)
    answers = 'answer = "OK\\\\n"\nanswer_script = "answer.py"\n' + LINES
    no_script = source(FRAMED, "json", ports["json"], answers)
    stead.write(
        source(FRAMED, "lora", stead.port, LINES)
        + source(FRAMED, "answers", ports["answers"], answers)
        + source(FRAMED, "frames", ports["frames"], 'max_frame = "100 B"\n' + OWN)
        + source(SCRIPTED, "handles", ports["handles"], 'script = "handle.py"\nmax_payload = "100 B"')
        + source(SCRIPTED, "impatient", ports["impatient"], 'script = "handle.py"\nidle_timeout = "1 s"')
        + no_script.replace('type = "python"\nscript = "lora.py"', 'type = "json"')
    )
    stead.serve()
    yield stead
    stead.end()


def talk(port: int, *parts: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 10) as device:
        for part in parts:
            device.sendall(part)
        device.shutdown(socket.SHUT_WR)
        return read_all(device)


def refused(stead: Stead, source: str) -> list[str]:
    return [row["reason"] for row in stead.requests("--refused", "--source", source)]


def events_of(stead: Stead, source: str) -> list[dict[str, Any]]:
    return stead("events", "--json", "--limit", "1000", "--source", source).objects


def test_an_answer_script_knows_events_failure_and_state(ports: dict[str, int]) -> None:
    said = talk(ports["answers"], b"login\none\nbad\nusual\nspeaks\n")
    assert said == (b"ACK [] d7\nACK ['one'] d7\nNAK lora.py:4  it is bad\nOK\nfrom decode\nand more\n")


def test_what_an_answer_script_prints_is_in_the_decode_log(stead: Stead, ports: dict[str, int]) -> None:
    talk(ports["answers"], b"printed\n")
    (row,) = stead.requests("--source", "answers", "--limit", "1")
    detail = stead.talk(lambda client: client.call("requests.get", OfRequest(row["id"]), RequestDetail))
    assert detail.log == "answering answers\n"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"raises", "answer.py:4  no answer to this"),
        (b"number", "answer gave int, not bytes, text or None"),
        (b"loops", "answer.py ran longer than its time limit of 1 s"),
    ],
)
def test_a_request_whose_answer_fails_has_failed(
    stead: Stead, ports: dict[str, int], payload: bytes, reason: str
) -> None:
    assert talk(ports["answers"], payload + b"\nafter\n") == b"ACK ['after'] None\n"
    row = next(row for row in stead.requests("--source", "answers", "--failed") if row["reason"] == reason)
    assert row["events"] == 0


def test_an_answer_script_serves_a_decoder_that_is_no_script(ports: dict[str, int]) -> None:
    said = talk(ports["json"], b"{}\n")
    assert said.startswith(b"NAK ")


def test_a_framing_script_splits_however_the_bytes_come(stead: Stead, ports: dict[str, int]) -> None:
    stream = b"\0\x03one\0\0\x03two\x05three"
    talk(ports["frames"], *(stream[place : place + 1] for place in range(len(stream))))
    talk(ports["frames"], stream)
    messages = [event["message"] for event in events_of(stead, "frames")]
    assert messages == ["one", "two", "three", "one", "two", "three"]
    state = stead.requests("--source", "frames", "--limit", "1")[0]
    assert state["outcome"] == "decoded"


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"\xee12", "frame.py:6  this is no frame"),
        (b"\xdd12", "frame gave 'what'"),
        (b"\xbb12", "frame.py ran longer than its time limit of 0.2 s"),
        (b"\xaa" + b"x" * 150, "more than 100 bytes and no end of a frame"),
    ],
)
def test_a_framing_script_that_fails_ends_its_connection(
    stead: Stead, ports: dict[str, int], stream: bytes, reason: str
) -> None:
    with socket.create_connection(("127.0.0.1", ports["frames"]), 10) as device:
        device.sendall(stream)
        assert read_all(device) == b""
    until(lambda: any(said.startswith(reason) for said in refused(stead, "frames")), "the bytes to be kept")


def test_a_handler_script_has_the_whole_connection(stead: Stead, ports: dict[str, int]) -> None:
    said = talk(ports["handles"], b"d3\none;sp", b"eaks;bad;exactly;1234", b"5bye;")
    assert said == b"HELLO\n1 \n1 from decode\n\nlora.py:4  it is bad\n1 \nBYE\n"
    kept = [(event["hardwareId"], event["message"]) for event in events_of(stead, "handles")]
    assert kept[-3:] == [("d3", "one"), ("d3", "speaks"), ("d3", "12345")]


def test_a_handler_script_may_have_many_requests_at_once(ports: dict[str, int]) -> None:
    assert talk(ports["handles"], b"d4\nmany;bye;") == b"HELLO\n20 kept\nBYE\n"


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (b"raise", "handle.py:12  the script gave up"),
        (b"loop", "handle.py ran longer than its time limit of 0.2 s"),
        (b"task", "handle.py ran longer than its time limit of 0.2 s"),
        (b"refuse", "it is no message"),
        (b"x" * 101, "bytes; 100 are allowed"),
    ],
)
def test_what_goes_wrong_in_a_handler_script_is_shown(
    stead: Stead, ports: dict[str, int], order: bytes, reason: str
) -> None:
    before = len(refused(stead, "handles"))
    assert talk(ports["handles"], b"d5\n" + order + b";") == b"HELLO\n"
    until(lambda: any(reason in said for said in refused(stead, "handles")[before:]), f"{reason} to be shown")


def test_what_a_handler_script_did_not_read_is_kept(stead: Stead, ports: dict[str, int]) -> None:
    talk(ports["handles"], b"d5\nbye;rest")
    until(lambda: "the script ended without reading these bytes" in refused(stead, "handles"), "the rest to be shown")


def test_a_silent_device_of_a_handler_script_is_let_go(ports: dict[str, int]) -> None:
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", ports["impatient"]), 10) as device:
        device.sendall(b"d6\nwait;")
        with contextlib.suppress(ConnectionResetError):
            assert read_all(device) == b"HELLO\n"
    assert 0.7 < time.monotonic() - began < 8


def test_scripts_act_when_they_are_saved(stead: Stead, ports: dict[str, int]) -> None:
    path = stead.scripts / "answer.py"
    path.write_text(ANSWER.replace("ACK", "YES"))
    until(lambda: talk(ports["answers"], b"new\n") == b"YES ['new'] None\n", "the new answer")


def test_a_worker_that_a_handler_script_ends_is_replaced_and_talks_again(ports: dict[str, int]) -> None:
    assert talk(ports["handles"], b"d8\ndie;") == b"HELLO\n"

    def again() -> bool:
        with contextlib.suppress(ConnectionError):
            return talk(ports["handles"], b"d8\none;bye;") == b"HELLO\n1 \nBYE\n"
        return False

    until(again, "the next worker to talk")


def test_a_worker_that_an_answer_ends_is_replaced_and_its_frame_kept(stead: Stead, ports: dict[str, int]) -> None:
    path = stead.scripts / "answer.py"
    path.write_text("import os\n\n\ndef answer(request, events, failure, state):\n    os._exit(3)\n")
    until(lambda: talk(ports["answers"], b"deadly\n") == b"", "the new answer")
    rows = lambda: stead.requests("--source", "answers", "--failed", "--limit", "5")  # noqa: E731
    until(lambda: any("exit" in row["reason"] or "ended" in row["reason"] for row in rows()), "the frame to be shown")
