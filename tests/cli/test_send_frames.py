"""`tidegate send` with frames, against servers that answer rightly, wrongly or not at all, and against an engine."""

import json
import os
import random
import re
import signal
import subprocess
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
import typer

from core.cli.app import app
from core.cli.simulator.framed.exchange import Exchange
from core.cli.simulator.framed.split import Split
from tests.cli.certificates import pair
from tests.cli.serving import Served, serving
from tests.cli.tidegate import COMMAND, Finished, environment, in_terminal, tidegate, until
from tests.engine.stead import SOURCE, Stead

FRAMES = [b"first.", b"second.", b"third."]
PLAIN = "\n".join(f"{each.hex(' ')} => {each.upper().hex()}" for each in FRAMES).encode()
"""Frames that `shout` answers as expected."""
STREAM = b"".join(FRAMES)
UNKNOWN = "\n".join(each.hex() for each in FRAMES).encode()


def shout(seen: Served, data: bytes) -> bytes:
    return data.upper()


def send(target: str, *options: str, input: bytes = PLAIN) -> Finished:
    return tidegate("send", target, "--frames", "-", *options, input=input)


def sent(answer: Callable[[Served, bytes], bytes | None], *options: str, input: bytes = PLAIN) -> dict[str, Any]:
    """What a run comes to, its exit status with it; the connections it made are beside that."""
    with serving(answer) as server:
        done = send(f"127.0.0.1:{server.port}", "--json", *options, input=input)
    assert done.err == ""
    return done.objects[0] | {"status": done.status, "came": server.received, "made": server.connections}


def cut_at(*options: str, input: bytes = UNKNOWN) -> set[int]:
    """Where a server's reads end; a server that is kept from reading for a moment sees fewer."""
    ends = [0]
    with serving(lambda seen, data: ends.append(ends[-1] + len(data)) or b"") as server:
        done = send(f"127.0.0.1:{server.port}", "--pause", "0.02", *options, input=input)
    assert done.status == 0
    assert server.received == STREAM or input != UNKNOWN
    assert len(ends) > 2
    return set(ends[1:])


def test_frames_are_sent_once_in_their_order_and_their_answers_are_right() -> None:
    done = sent(shout)
    assert (done["sent"], done["right"], done["accepted"], done["status"]) == (3, 3, 3, 0)
    assert done["came"] == b"first.second.third."
    assert (done["faults"], done["connections"], done["reconnects"]) == ([], 1, 0)


def test_every_connection_sends_them_again_and_again_until_the_count() -> None:
    done = sent(shout, "--count", "50", "--connections", "4", "--wait")
    assert (done["sent"], done["right"], done["made"]) == (50, 50, 4)
    assert done["came"].count(b"first.") >= 17


def test_the_rate_is_kept() -> None:
    done = sent(shout, "--count", "100", "--rate", "200", "--connections", "2")
    assert (done["right"], done["seconds"]) == (100, pytest.approx(0.5, abs=0.15))


def test_wrong_answers_are_told_with_their_frames() -> None:
    done = sent(lambda seen, data: b"no", "--wait", input=PLAIN + b" # the last")
    assert (done["wrong"], done["right"], done["status"]) == (3, 0, 1)
    faults = [(each["kind"], each["frame"], each["expected"], each["got"]) for each in done["faults"]]
    assert faults[0] == ("wrong", "1", b"FIRST.".hex(), b"no".hex())
    assert faults[2][1] == "the last"


def test_answers_that_never_come_are_missing() -> None:
    done = sent(lambda seen, data: b"", "--timeout", "0.3")
    assert (done["missing"], done["status"], done["accepted"]) == (3, 1, 0)


def test_what_was_not_expected_is_told() -> None:
    done = sent(shout, "--no-answer", "--count", "3")
    assert done["unexpected"] >= 1
    assert done["status"] == 1
    assert sent(lambda seen, data: b"", "--no-answer")["status"] == 0


def test_one_answer_for_all() -> None:
    done = sent(lambda seen, data: b"\6\r\n", "--expect", "06 0d:0A", "--wait", input=UNKNOWN)
    assert (done["right"], done["status"]) == (3, 0)


def test_answers_that_nobody_knows_are_counted() -> None:
    done = sent(shout, "--wait", input=UNKNOWN)
    assert (done["unchecked"], done["unchecked_bytes"], done["status"]) == (3, 19, 0)


def test_a_device_waits_for_its_answer() -> None:
    read: list[bytes] = []
    with serving(lambda seen, data: read.append(data) or data.upper()) as server:
        done = send(f"127.0.0.1:{server.port}", "--wait")
    assert done.status == 0
    assert read == FRAMES


def test_bytes_and_pieces_arrive_apart_and_run_across_frames() -> None:
    assert cut_at("--split", "bytes", input=FRAMES[0].hex().encode()) <= set(range(1, len(FRAMES[0]) + 1))
    assert cut_at("--split", "4") <= {*range(4, len(STREAM), 4), len(STREAM)}


def test_random_cuts_are_those_of_their_seed() -> None:
    batch = [Exchange(frame, None, "") for frame in FRAMES]
    first, again, other = (Split("random").writes(batch, random.Random(f"{seed}/0")) for seed in (1, 1, 2))
    assert first == again != other
    assert cut_at("--split", "random", "--seed", "1") <= set(accumulate(map(len, first)))


def test_all_in_one_burst() -> None:
    read: list[bytes] = []
    with serving(lambda seen, data: read.append(data) or data.upper()) as server:
        done = send(f"127.0.0.1:{server.port}", "--split", "burst")
    assert done.status == 0
    assert read == [STREAM]


def test_rows_say_how_they_are_written() -> None:
    rows = [{"hex": b"abcdef".hex(), "write_ends": [1, 4, 6]}, {"hex": b"ghij".hex(), "write_size": 3}]
    text = "\n".join(map(json.dumps, rows)).encode()
    assert cut_at(input=text) <= {1, 4, 6, 9, 10}


def test_rows_of_one_protocol_and_of_this_transport() -> None:
    rows = [("a", "tcp", "01"), ("b", "tcp", "02"), ("a", "udp", "03")]
    text = "\n".join(json.dumps({"protocol": p, "transport": t, "hex": h}) for p, t, h in rows).encode()
    with serving(lambda seen, data: b"") as server:
        target = f"127.0.0.1:{server.port}"
        one, none = (send(target, "--protocol", name, input=text) for name in ("a", "c"))
    assert server.received == b"\1"
    assert one.err == "left out: 1 frame of another transport\n"
    assert none.status == 2
    assert "--protocol: - has no frames for c: 2 of a, 1 of b" in none.err


def test_a_lost_connection_leaves_frames_unsent() -> None:
    done = sent(lambda seen, data: None, "--rate", "5", input=UNKNOWN)
    assert (done["unsent"] + done["sent"], done["status"], done["made"]) == (3, 1, 1)
    assert done["unsent"]
    assert sum(done["errors"].values()) == 1


def test_a_lost_connection_is_made_again_where_frames_are_sent_again_and_again() -> None:
    answers = iter([b"FIRST.", None])
    done = sent(lambda seen, data: next(answers, data.upper()), "--count", "8", "--wait", "--rate", "50")
    assert done["came"].startswith(b"first.second.first.second.third.")
    assert (done["made"], done["missing"], done["sent"]) == (2, 1, 8)


def test_a_connection_for_each_frame() -> None:
    known, unknown = sent(shout, "--close"), sent(shout, "--close", input=UNKNOWN)
    assert (known["right"], known["made"], known["status"]) == (3, 3, 0)
    assert (unknown["unchecked"], unknown["made"], unknown["came"]) == (3, 3, b"first.second.third.")


def test_many_connections_are_held() -> None:
    login = PLAIN.splitlines()[0]
    with serving(shout) as server:
        target = f"127.0.0.1:{server.port}"
        command = [*COMMAND, "send", target, "--frames", "-", "-c", "300", "--hold", "600", "--json"]
        with subprocess.Popen(command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            process.stdin.write(login)
            process.stdin.close()
            until(lambda: server.received == b"first." * 300, "the logins")
            assert process.poll() is None
            os.kill(process.pid, signal.SIGINT)
            assert process.stdout is not None
            done = json.loads(process.stdout.read())
    assert process.returncode == 0
    assert (done["right"], done["connections"], done["errors"]) == (300, 300, {})


def test_a_connection_that_is_not_held_open_is_an_error() -> None:
    done = sent(lambda seen, data: None, "--hold", "0.2", "--no-answer", input=b"00")
    assert done["errors"] == {"closed while held": 1}
    assert (done["status"], done["hung_up"]) == (1, 1)


def test_frames_over_tls(tmp_path: Path) -> None:
    localhost = pair(tmp_path, "localhost")
    with serving(shout, localhost.server()) as server:
        target = (f"localhost:{server.port}", "--tls", "--ca", str(localhost.certificate))
        done = send(*target, "--split", "5", "--count", "9", "--json", "--pause", "0")
    assert done.objects[0]["right"] == 9, done.err


def test_people_are_told_what_it_came_to() -> None:
    with serving(lambda seen, data: b"\x1b[2J") as server:
        status, shown = in_terminal(
            "send", f"127.0.0.1:{server.port}", "--count", "4", "--expect", "1b5b324b", "--wait", "--rate", "20"
        )
    assert status == 1
    assert "━" in shown
    assert re.search(r"4[^\n]*wrong *[^\n:]*\r?\n", shown)
    assert "wrong: frame 1 expected 1b5b324b got 1b5b324a" in shown


def test_what_is_no_frame_is_said_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "frames.txt"
    file.write_text("00\n0x\n")
    done = tidegate("send", "127.0.0.1:1", "--frames", str(file))
    assert (done.status, f"--frames: {file} line 2: a frame without a byte" in done.err) == (2, True)
    noise = random.Random(1).randbytes(64)
    assert "--frames: - is no text: write hex" in send("127.0.0.1:1", input=b"\xff" + noise).err
    assert "--frames: - has no frames" in send("127.0.0.1:1", input=b"# nothing\n").err
    assert send("127.0.0.1:1").err == "tidegate: 127.0.0.1:1 cannot be reached: refused\n"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("http://localhost:1", "--frames", "x"), "--frames: it is of TCP and UDP"),
        (("http://localhost:1", "--udp"), "--udp: write the target as HOST:PORT"),
        (("localhost:1", "--raw", "--file", "x", "--wait"), "--wait: it does nothing with --raw"),
        (("localhost:1", "--frames", "x", "--bearer", "x"), "--bearer: it is of HTTP"),
        (("localhost:1", "--frames", "x", "--file", "x"), "--file: --frames FILE says what is sent"),
        (("localhost:1", "--protocol", "x"), "--protocol: it chooses among the rows of --frames FILE"),
        (("localhost:1", "--profile", "gt07"), "there is no device profile gt07; did you mean gt06?"),
        (("localhost:1", "--profile", "gt06", "--device", "abc"), "--device: 'abc' names no tracker"),
        (("localhost:1", "--profile", "gt06", "--frames", "x"), "--frames: --profile NAME says what is sent"),
        (("localhost:1", "--split", "half"), "--split: 'half' is none of whole"),
        (("localhost:1", "--split", "2", "--seed", "0"), "--seed: it is of --split random"),
        (("localhost:1", "--split", "burst", "--wait"), "--wait: a burst is all frames at once"),
        (("localhost:1", "--split", "whole", "--pause", "0"), "--pause: there are no pieces with --split whole"),
        (("localhost:1", "--expect", "0"), "--expect: a hex digit is missing"),
        (("localhost:1", "--expect", ""), "--expect: no bytes"),
        (("localhost:1", "--expect", "00", "--no-answer"), "--expect: it does not go with --no-answer"),
        (("localhost:1", "--hold", "1", "--close"), "--hold: it keeps connections"),
        (("udp://localhost:1", "--split", "bytes"), "--split: a datagram is never split"),
        (("udp://localhost:1", "--tls"), "--tls: TLS is not spoken over UDP"),
        (("udp://localhost",), "'udp://localhost' is neither a URL"),
    ],
)
def test_options_that_do_not_fit(options: tuple[str, ...], words: str) -> None:
    with pytest.raises(typer.BadParameter) as fault:
        app(["send", *options], standalone_mode=False)
    assert words in fault.value.format_message()


SCRIPT = """
def decode(payload, metadata, events, logger, state, respond):
    state["count"] = state.get("count", 0) + 1
    events.alert("meter-1", "reading", payload.hex())
    respond(bytes([state["count"]]) + payload[:1])
"""
FRAMING = """
[device_communication.event_sources.interaction_handler.framing]
type = "length_prefix"
width = 2
adjust = 2
strip = 2
"""


def test_an_engine_answers_every_frame_in_pieces_in_a_burst_and_one_by_one(tmp_path: Path) -> None:
    stead = Stead(tmp_path / "home", script=SCRIPT)
    source = SOURCE.replace('type = "http"', 'type = "framed"')
    stead.write(source.format(id="lora", port=stead.port, settings="", handler=FRAMING, decoder="", script="lora.py"))
    try:
        stead.serve()
        bodies = [bytes([number]) * number for number in range(1, 21)]
        rows = [(len(body).to_bytes(2, "big") + body, bytes([at, body[0]])) for at, body in enumerate(bodies, 1)]
        frames = "\n".join(f"{sent.hex()} => {answer.hex()}" for sent, answer in rows).encode()
        for options in (("--split", "3"), ("--split", "burst"), ("--wait", "-c", "5"), ("--split", "random")):
            done = send(f"127.0.0.1:{stead.port}", "--json", *options, input=frames)
            assert done.status == 0, done.out
            assert done.objects[0]["right"] == 20 * done.objects[0]["connections"]
        until(lambda: len(stead.events()) == 160, "the events")
    finally:
        stead.end()
