"""`tidegate send` against servers that behave and misbehave."""

import json
import os
import signal
import subprocess

import pytest

from core.cli.simulator.devices import device_ids, lora
from core.cli.simulator.pace import Pace
from core.cli.simulator.tally import Latencies
from tests.cli.serving import OK, Served, serving
from tests.cli.tidegate import COMMAND, environment, free_port, in_terminal, tidegate, until


def send(port: int, *options: str) -> dict[str, object]:
    done = tidegate("send", f"http://127.0.0.1:{port}/lora?a=b", "--json", *options)
    assert done.err == ""
    return done.objects[0] | {"status": done.status}


def test_every_answer_is_counted_by_its_status() -> None:
    turns = [200, 200, 422, 503]

    def answer(seen: Served, data: bytes) -> bytes:
        status = turns[seen.received.count(b"POST /lora") % 4]
        return b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status

    with serving(answer) as server:
        summary = send(server.port, "--count", "40", "--connections", "3")
    assert summary["statuses"] == {"200": 20, "422": 10, "503": 10}
    assert (summary["sent"], summary["accepted"], summary["errors"], summary["status"]) == (40, 20, {}, 0)
    assert server.connections == 3
    assert b"POST /lora?a=b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % server.port in server.received


def test_payloads_are_the_tutorials_and_wander() -> None:
    with serving(lambda seen, data: OK) as server:
        send(server.port, "--count", "30", "--device", "278998", "--device", "gate-7")
    bodies = [json.loads(part.split(b"}")[0] + b"}") for part in server.received.split(b"\r\n\r\n")[1:]]
    assert list(bodies[0]) == [
        *("deveui", "dataFrame", "port", "timestamp", "fcnt", "rssi", "snr", "sf_used", "id", "live", "decrypted")
    ]
    assert {body["id"] for body in bodies} == {278998, "gate-7"}
    assert len({body["rssi"] for body in bodies}) > 3
    assert all(-127 <= body["rssi"] <= -35 and -20 <= body["snr"] <= 12 for body in bodies)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    ],
    ids=["chunked", "empty", "informational"],
)
def test_answers_of_other_servers_are_understood(answer: bytes) -> None:
    with serving(lambda seen, data: answer) as server:
        summary = send(server.port, "--count", "10")
    assert summary["accepted"] == 10
    assert server.connections == 1


def test_an_answer_that_ends_with_the_connection_is_one() -> None:
    with serving(lambda seen, data: b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbye") as server:
        summary = send(server.port, "--count", "5")
    assert (summary["accepted"], server.connections) == (5, 5)


def test_a_server_that_hangs_up_is_counted_and_met_again() -> None:
    with serving(lambda seen, data: None if seen.connections % 2 else OK) as server:
        summary = send(server.port, "--count", "6", "--rate", "50")
    errors = summary["errors"]
    assert isinstance(errors, dict)
    assert sum(errors.values()) + int(str(summary["accepted"])) == 6
    assert errors
    assert summary["reconnects"]


def test_a_server_that_never_answers_is_given_up_on() -> None:
    with serving(lambda seen, data: b"") as server:
        summary = send(server.port, "--count", "2", "--timeout", "0.2")
    assert summary["errors"] == {"timeout": 2}
    assert (summary["accepted"], summary["status"]) == (0, 1)


def test_nonsense_is_no_answer() -> None:
    with serving(lambda seen, data: b"SSH-2.0-OpenSSH_9.2\r\n\r\n") as server:
        summary = send(server.port, "--count", "2")
    assert summary["errors"] == {"malformed answer": 2}


def test_nobody_there_is_said_at_once() -> None:
    port = free_port()
    done = tidegate("send", f"http://127.0.0.1:{port}/lora")
    assert done.status == 1
    assert done.err == f"tidegate: http://127.0.0.1:{port}/lora cannot be reached: refused\n"


def test_lines_over_raw_tcp() -> None:
    with serving(lambda seen, data: b"") as server:
        done = tidegate("send", f"127.0.0.1:{server.port}", "--count", "20", "--json")
        until(lambda: server.received.count(b"\n") == 20, "the lines")
    assert done.objects[0]["accepted"] == 20
    assert all(json.loads(line)["port"] == 1 for line in server.received.splitlines())
    assert server.connections == 1


def test_a_connection_a_payload_over_raw_tcp() -> None:
    with serving(lambda seen, data: b"") as server:
        done = tidegate("send", f"127.0.0.1:{server.port}", "--close", "--count", "4", "--body", "-", input=b"\x01\x02")
    assert done.status == 0
    assert server.received == b"\x01\x02" * 4


def test_ctrl_c_says_what_it_came_to() -> None:
    with serving(lambda seen, data: OK) as server:
        target = f"http://127.0.0.1:{server.port}/"
        process = subprocess.Popen(
            [*COMMAND, "send", target, "--rate", "200", "--json"], stdout=subprocess.PIPE, env=environment()
        )
        until(lambda: server.received.count(b"POST") > 5, "requests")
        os.kill(process.pid, signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(out)["accepted"] > 5


def test_a_terminal_gets_a_progress_bar() -> None:
    with serving(lambda seen, data: OK) as server:
        status, written = in_terminal("send", f"http://127.0.0.1:{server.port}/", "--count", "60", "--rate", "100")
    assert status == 0
    assert "━" in written
    assert "60 sent" in written
    assert "answered 200" in written


def test_the_rate_is_kept() -> None:
    with serving(lambda seen, data: OK) as server:
        summary = send(server.port, "--rate", "400", "--count", "400", "--connections", "4")
    assert float(str(summary["seconds"])) == pytest.approx(1.0, abs=0.15)


def test_a_pace_makes_up_for_short_delays_and_not_for_long_ones() -> None:
    pace = Pace(10, start=100.0)
    assert [pace.take(100.0), pace.take(100.05)] == [True, False]
    assert pace.wait(100.05) == pytest.approx(0.05)
    assert sum(pace.take(100.55) for _ in range(20)) == 5
    assert sum(pace.take(160.0) for _ in range(100)) <= 11


def test_latencies_are_read_off_within_a_few_percent() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 1001):
        latencies.add(milliseconds / 1000)
    assert latencies.at(0.5) == pytest.approx(0.5, rel=0.03)
    assert latencies.at(0.99) == pytest.approx(0.99, rel=0.03)
    assert latencies.at(1.0) == 1.0
    assert Latencies().at(0.99) == 0.0


def test_a_share_of_payloads_is_cut_off() -> None:
    payloads = lora(device_ids(3), bad=0.25, seed=7)

    def whole(payload: bytes) -> bool:
        try:
            json.loads(payload)
        except ValueError:
            return False
        return True

    cut = sum(not whole(payloads()) for _ in range(400))
    assert 60 < cut < 140
