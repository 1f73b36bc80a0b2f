"""Frames on a real socket: taken one by one, kept, answered in order and only when they are on disk."""

import itertools
import json
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.tidegate import free_port, tidegate, until
from tests.engine.stead import SOURCE, Stead, read_all
from tests.framing.configurations import PROTOCOLS
from tests.framing.test_corpus import STREAMS, needed

SCRIPT = """
def decode(payload, metadata, events, logger, state, respond):
    state["count"] = state.get("count", 0) + 1
    if payload == b"bad":
        respond(b"NO\\n", 400)
        raise ValueError("it is bad")
    if payload == b"worse":
        raise ValueError("it is worse")
    if payload == b"login":
        state["device"] = "d1"
        respond(b"WELCOME\\n")
        return
    if payload == b"usual":
        return
    events.alert(state.get("device", "nobody"), "frame", payload.hex(), metadata={"count": state["count"]})
    respond(b"%d:%b\\n" % (state["count"], payload))
"""
FRAMED = SOURCE.replace('type = "http"\n{handler}', 'type = "framed"\n{handler}')
LINES = 'answer = "OK\\\\n"\n[device_communication.event_sources.interaction_handler.framing]\ntype = "line"'
IMPATIENT = 'idle_timeout = "1 s"\nmax_frame = "100 B"\n' + LINES
DROPS = 'max_frame = "100 B"\noversize = "drop"\n' + LINES
GAP = '[device_communication.event_sources.interaction_handler.framing]\ntype = "idle_gap"\ngap = "150 ms"'
PREFIX = (
    "[device_communication.event_sources.interaction_handler.framing]\n"
    'type = "length_prefix"\nwidth = 2\nadjust = 2\nstrip = 2'
)
SOURCES = {"impatient": IMPATIENT, "drops": DROPS, "gap": GAP, "prefix": PREFIX}


def framed(id: str, port: int, handler: str) -> str:
    return FRAMED.format(id=id, port=port, settings="", handler=handler, decoder="", script="lora.py")


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in SOURCES}


@pytest.fixture(scope="module", autouse=True)
def stead(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("framed") / "home", script=SCRIPT)
    more = "".join(framed(name, ports[name], handler) for name, handler in SOURCES.items())
    stead.write(framed("lora", stead.port, LINES) + more)
    stead.serve()
    yield stead
    stead.end()


def connect(port: int) -> socket.socket:
    device = socket.create_connection(("127.0.0.1", port), 10)
    device.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return device


def talk(port: int, *parts: bytes) -> bytes:
    with connect(port) as device:
        for part in parts:
            device.sendall(part)
        device.shutdown(socket.SHUT_WR)
        return read_all(device)


def test_frames_are_answered_in_their_order_and_kept(stead: Stead) -> None:
    assert talk(stead.port, b"one\ntwo\r\n", b"th", b"ree\n") == b"1:one\n2:two\n3:three\n"
    assert [event["message"] for event in stead.events()[-3:]] == [b"one".hex(), b"two".hex(), b"three".hex()]


def test_what_was_answered_is_on_disk(stead: Stead) -> None:
    with connect(stead.port) as device:
        device.sendall(b"kept\n")
        assert device.recv(100) == b"1:kept\n"
        assert stead.requests()[-1]["bytes"] == 4


def test_the_usual_answer_a_refusal_that_the_script_chose_and_none(stead: Stead) -> None:
    assert talk(stead.port, b"usual\nbad\nworse\nusual\n") == b"OK\nNO\nOK\n"
    outcomes = [row["outcome"] for row in stead.requests()[-4:]]
    assert outcomes == ["decoded", "failed", "failed", "decoded"]


def test_a_login_names_the_device_of_the_frames_behind_it(stead: Stead) -> None:
    with connect(stead.port) as device:
        device.sendall(b"login\n")
        assert device.recv(100) == b"WELCOME\n"
        device.sendall(b"data\n")
        assert device.recv(100) == b"2:data\n"
    (event,) = [event for event in stead.events() if event["hardwareId"] == "d1"]
    assert event["metadata"] == {"count": "2"}


def test_many_frames_in_one_write_are_all_taken(stead: Stead) -> None:
    answers = talk(stead.port, b"".join(b"%d\n" % number for number in range(5000)))
    assert answers == b"".join(b"%d:%d\n" % (number + 1, number) for number in range(5000))


def reasons(stead: Stead, source: str) -> list[str]:
    return [row["reason"] for row in stead.requests("--refused", "--source", source)]


def test_an_unfinished_tail_is_shown_and_is_no_frame(stead: Stead) -> None:
    assert talk(stead.port, b"whole\nhal") == b"1:whole\n"
    until(lambda: "the connection ended in the middle of a frame" in reasons(stead, "lora"), "the tail to be shown")


def test_an_oversize_frame_ends_the_connection_behind_the_answers_that_are_owed(
    stead: Stead, ports: dict[str, int]
) -> None:
    assert talk(ports["impatient"], b"one\n" + b"x" * 200 + b"\ntwo\n") == b"1:one\n"
    until(
        lambda: any("100 are allowed" in reason for reason in reasons(stead, "impatient")),
        f"the frame to be shown: {reasons(stead, 'impatient')}",
    )


def test_an_oversize_frame_may_be_dropped(stead: Stead, ports: dict[str, int]) -> None:
    assert talk(ports["drops"], b"one\n" + b"x" * 5000, b"x" * 5000 + b"\ntwo\n") == b"1:one\n2:two\n"
    until(lambda: "a frame of 10001 bytes was dropped" in reasons(stead, "drops"), "the frame to be shown")


def test_a_bad_length_ends_the_connection_and_is_shown_with_its_bytes(stead: Stead, ports: dict[str, int]) -> None:
    good = struct.pack(">H", 4) + b"good"
    assert talk(ports["prefix"], good + b"\xff\xff") == b"1:good\n"
    until(lambda: any("65537 bytes in all" in reason for reason in reasons(stead, "prefix")), "the length to be shown")
    row = stead("requests", "--refused", "--source", "prefix", "--json", "--payload").objects[-1]
    assert row["payload"] == "//8="


def test_a_pause_ends_a_frame(stead: Stead, ports: dict[str, int]) -> None:
    with connect(ports["gap"]) as device:
        device.sendall(b"first")
        assert device.recv(100) == b"1:first\n"
        device.sendall(b"second")
        device.shutdown(socket.SHUT_WR)
        assert read_all(device) == b"2:second\n"


def test_a_quiet_connection_is_closed_after_its_limit(ports: dict[str, int]) -> None:
    began = time.monotonic()
    with connect(ports["impatient"]) as device:
        assert read_all(device) == b""
    assert 0.5 < time.monotonic() - began < 8


def test_a_stop_lets_what_came_be_answered(make_stead: Any) -> None:
    stead = make_stead(script=SCRIPT)
    stead.write(framed("lora", stead.port, LINES))
    stead.serve()
    with connect(stead.port) as device:
        device.sendall(b"last\n")
        assert device.recv(100) == b"1:last\n"
        assert stead("stop", "default/lora").status == 0
        assert read_all(device) == b""
    assert [event["message"] for event in stead.events()] == [b"last".hex()]


def toml(table: dict[str, Any], path: str) -> str:
    """A framing's table as TOML, with what is in its slots."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict) and key != "branches"}
    text = f"[{path}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in plain.items())
    for branch in table.get("branches", ()):
        inner = {key: value for key, value in branch.items() if key != "framing"}
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in inner.items())
        text += f"[[{path}.branches]]\n{lines}" + toml(branch["framing"], f"{path}.branches.framing")
    return text


@needed
def test_a_stream_of_each_protocol_comes_out_frame_for_frame(make_stead: Any) -> None:
    streams = {row["protocol"]: row for row in STREAMS if row["split"] != "one_write"}
    at = {protocol: free_port() for protocol in streams}
    stead = make_stead(script="def decode(payload, metadata, events, logger):\n    pass\n")
    where = "device_communication.event_sources.interaction_handler.framing"
    stead.write("".join(framed(each, at[each], toml(PROTOCOLS[each], where)) for each in streams))
    stead.serve()
    for protocol, row in streams.items():
        stream, size, ends = bytes.fromhex(row["hex"]), row.get("write_size"), row.get("write_ends")
        edges = [0, *(ends or range(size, len(stream), size)), len(stream)]
        talk(at[protocol], *(stream[start:end] for start, end in itertools.pairwise(edges)))
        lengths = [kept["bytes"] for kept in stead.requests("--source", protocol)]
        assert len(lengths) == len(row["frames"]), protocol


def test_a_form_of_a_framing_is_in_the_catalogue(stead: Stead) -> None:
    added = stead("add", "default", "event_sources/lora/interaction_handler/framing", "fixed", "length=4")
    assert added.status == 1  # it is filled: nothing was overwritten
    assert "is filled already" in added.err
    schema = json.loads(tidegate("schema").out)
    assert {"framing.line", "framing.branches", "framing_branch.first_bytes"} <= set(schema["$defs"])
    assert Path(stead.tenant_file).is_file()
