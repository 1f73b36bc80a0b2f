"""A Groovy decoder from the device's POST to the event: the engine, a worker and a real JVM."""

import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.components.decoders.groovy import LORA_TEMPLATE
from core.control.states import Node
from core.groovy.build import Built
from tests.cli.tidegate import TUTORIAL_BODY, until
from tests.engine.stead import Stead, body
from tests.groovy.conftest import give_build

SOURCE = """
[[device_communication.event_sources]]
type = "socket"
id = "lora"
port = {port}
[device_communication.event_sources.interaction_handler]
type = "http"
[device_communication.event_sources.decoder]
type = "groovy"
script = "decode.groovy"
timeout = "3 s"
"""

TRICKS = """
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.DeviceMeasurementsCreateRequest

def message = new groovy.json.JsonSlurper().parseText(new String(payload, "UTF-8"))
def recurse(n) { recurse(n + 1) + 1 }
switch (message.id) {
    case "loop": while (true) { }
    case "library": new Random().ints().sum(); break
    case "recursion": recurse(0); break
    case "heap": def hoard = []; while (true) { hoard << new byte[1 << 20] }
    case "exit": System.exit(3); break
    case "raise": throw new RuntimeException("it is bad")
    case "end": System.metaClass = null; System.exit(3); break
    case "print": println "x" * 20000; break
    case "state": state.count = (state.count ?: 0) + 1; message.value = state.count; break
    case "respond": respond("downlink", 201); break
}
def measurements = new DeviceMeasurementsCreateRequest()
measurements.addOrReplaceMeasurement("value", message.value as double)
events << new DecodedDeviceRequest(message.id as String, null, measurements)
"""


def groovy_stead(path: Path, script: str) -> Stead:
    stead = Stead(path)
    (stead.scripts / "decode.groovy").write_text(script)
    stead.write(SOURCE.format(port=stead.port))
    return stead


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory, built: Built) -> Iterator[Stead]:
    stead = groovy_stead(tmp_path_factory.mktemp("groovy") / "home", TRICKS)
    give_build(stead.path, built)
    stead.serve()
    yield stead
    stead.end()


def groovy_node(stead: Stead) -> Node:
    (node,) = [node for node in stead.status().tree.children if node.kind == "groovy"]
    return node


def jvm(stead: Stead) -> int:
    """The process id of the JVM that serves."""
    node = groovy_node(stead)
    return node.detail["pid"] if node.state == "started" else 0


def test_the_tutorials_request_is_decoded_by_a_groovy_script(tmp_path: Path, groovy: None) -> None:
    stead = groovy_stead(tmp_path / "home", LORA_TEMPLATE)
    try:
        stead.serve()
        assert stead.post(TUTORIAL_BODY) == 200
        (event,) = stead.events()
        assert (event["hardwareId"], event["measurements"]) == ("278998", {"rssi": -111.0, "snr": -6.0})
        (stead.scripts / "decode.groovy").write_text(LORA_TEMPLATE.replace('"rssi", "snr"', '"fcnt"'))
        until(lambda: stead.post(TUTORIAL_BODY) == 200 and "fcnt" in stead.events()[-1]["measurements"], "the new one")
        (stead.scripts / "decode.groovy").write_text("def broken = (\n")
        until(lambda: "decode.groovy" in (stead.source().reason or ""), "the compiler's words")
        assert stead.post(TUTORIAL_BODY) == 200
    finally:
        stead.end()


@pytest.mark.parametrize(
    ("trick", "reason"),
    [
        ("raise", "decode.groovy:13  it is bad"),
        ("loop", "ran longer than its time limit of 3 s"),
        ("recursion", "StackOverflowError"),
    ],
)
def test_a_script_that_fails_fails_its_request_alone(stead: Stead, trick: str, reason: str) -> None:
    assert stead.post(body(trick)) == 422
    failed = stead.last_request("failed")
    assert reason in failed["reason"]
    assert failed["reason"].startswith("decode.groovy:")
    assert stead.post(body("well")) == 200


@pytest.mark.parametrize("trick", ["library", "heap", "exit"])
def test_what_ends_or_blocks_the_jvm_fails_and_everything_else_goes_on(stead: Stead, trick: str) -> None:
    beside: list[int] = []
    others = [threading.Thread(target=lambda: beside.append(stead.post(body("beside")))) for _ in range(4)]
    for thread in others:
        thread.start()
    assert stead.post(body(trick)) == 422
    for thread in others:
        thread.join()
    assert beside == [200] * 4
    assert stead.post(body("well")) == 200


def test_what_ended_the_jvm_twice_is_not_decoded_again(stead: Stead) -> None:
    assert stead.post(body("end")) == 422
    assert stead.last_request("failed")["reason"] == "the JVM ended twice while it decoded this"
    restarts = groovy_node(stead).detail["restarts"]
    assert stead.post(body("end")) == 422
    assert stead.last_request("failed")["reason"] == "not decoded again: these bytes ended the JVM twice"
    assert stead.post(body("well")) == 200
    assert groovy_node(stead).detail["restarts"] == restarts


def test_a_killed_jvm_is_replaced_and_nothing_is_lost(stead: Stead) -> None:
    assert stead.post(body("warm")) == 200
    answers: list[int] = []
    senders = [threading.Thread(target=send_many, args=(stead, answers, 50)) for _ in range(4)]
    for sender in senders:
        sender.start()
    until(lambda: len(answers) > 20, "some answers")
    pid = jvm(stead)
    os.kill(pid, signal.SIGKILL)
    for sender in senders:
        sender.join()
    assert answers == [200] * 200
    until(lambda: jvm(stead) not in (0, pid), "the successor")


def send_many(stead: Stead, answers: list[int], count: int) -> None:
    for number in range(count):
        answers.append(stead.post(body(f"many{number}")))


def test_state_answers_and_output(stead: Stead) -> None:
    payloads = [body("state"), body("state"), body("respond"), body("print")]
    requests = [b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(p), p) for p in payloads]
    requests[-1] = requests[-1].replace(b"Host: x", b"Host: x\r\nConnection: close")
    answer = stead.raw(b"".join(requests))
    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"200", b"200", b"201", b"200"]
    assert b"downlink" in answer
    events = [event for event in stead.events() if event["hardwareId"] == "state"]
    assert [event["measurements"]["value"] for event in events] == [1.0, 2.0]
    id = stead.requests()[-1]["id"]
    detail = stead.talk(lambda client: client.call("requests.get", {"id": id}))
    assert detail.log == "x" * 8192
    assert detail.log_cut == 20001 - 8192


def test_a_groovy_script_is_tried_with_and_without_an_engine(stead: Stead, tmp_path: Path, built: Built) -> None:
    tried = stead("decode", "default/lora", "--json", input=body("try", 7))
    assert json.loads(tried.out.splitlines()[0])["measurements"] == {"value": 7.0}
    other = groovy_stead(tmp_path / "home", TRICKS)
    give_build(other.path, built)
    assert other("decode", "default/lora", "--json", input=body("try", 8)).objects[0]["measurements"] == {"value": 8.0}
