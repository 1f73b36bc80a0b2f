"""A composite decoder from the device's POST to the event: a Groovy extractor, and choices of every kind behind it."""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.control.states import Node
from core.groovy.build import Built
from core.model.requests import RequestDetail
from tests.cli.tidegate import PATIENCE, free_port, until
from tests.engine.stead import Stead
from tests.groovy.conftest import give_build

COMPOSITE = """
[[device_communication.event_sources]]
type = "socket"
id = "lora"
port = {port}
threads = 2
[device_communication.event_sources.interaction_handler]
type = "http"
[device_communication.event_sources.decoder]
type = "composite"
[device_communication.event_sources.decoder.metadata_extractor]
type = "groovy"
script = "extract.groovy"
timeout = "2 s"
"""
CHOICE = """
[[device_communication.event_sources.decoder.choices]]
type = "device_specification"
token = "{token}"
[device_communication.event_sources.decoder.choices.decoder]
type = "{type}"
"""
OTHER = """
[[device_communication.event_sources]]
type = "socket"
id = "other"
port = {port}
[device_communication.event_sources.interaction_handler]
type = "http"
[device_communication.event_sources.decoder]
type = "json"
"""
NESTED = """
[device_communication.event_sources.decoder.choices.decoder.metadata_extractor]
type = "groovy"
script = "extract.groovy"
[[device_communication.event_sources.decoder.choices.decoder.choices]]
type = "device_specification"
token = "inner"
[device_communication.event_sources.decoder.choices.decoder.choices.decoder]
type = "python"
script = "decode.py"
"""

EXTRACT = """
import com.sitewhere.device.communication.decoder.composite.BinaryMessageMetadata

// <device>|<token, or nothing>|<payload>
def parts = new String(payload, "UTF-8").split("[|]", 3)
if (parts.length != 3) throw new RuntimeException("no envelope")
if (parts[0] == "loop") while (true) { }
if (parts[0] == "registry") deviceManagement.getDeviceByHardwareId(parts[0])
logger.info("opened {}", parts[0])
def found = new BinaryMessageMetadata()
found.hardwareId = parts[0]
found.specificationToken = parts[1]
found.payload = parts[2].getBytes("UTF-8")
found
"""

GROOVY = """
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.DeviceMeasurementsCreateRequest
import com.sitewhere.spi.device.communication.IDeviceEventDecoder

def device = metadata[IDeviceEventDecoder.META_DEVICE]
def specification = metadata[IDeviceEventDecoder.META_DEVICE_SPECIFICATION]
logger.info("{} is a {} and a {}", device.hardwareId, device.specificationToken, specification.token)
state.count = (state.count ?: 0) + 1
def made = new DeviceMeasurementsCreateRequest()
made.addOrReplaceMeasurement("value", new String(payload, "UTF-8") as double)
made.addOrReplaceMeasurement("count", state.count as double)
events << new DecodedDeviceRequest(device.hardwareId, null, made)
"""

PYTHON = """
import os

def decode(payload, metadata, events, logger, state, respond):
    text = payload.decode()
    if text == "loop":
        while True:
            pass
    if text == "die":
        os._exit(7)
    state["count"] = state.get("count", 0) + 1
    logger.info("%s is a %s", metadata["device.hardware_id"], metadata["device.specification"])
    if text.startswith("register "):
        events.register(metadata["device.hardware_id"], text.removeprefix("register "))
        return
    respond(b"downlink", 201)
    events.measurements(metadata["device.hardware_id"], {"value": float(text), "count": state["count"]})
"""


def composite(port: int) -> str:
    python = CHOICE.format(token="py", type="python") + 'script = "decode.py"\ntimeout = "2 s"\n'
    groovy = CHOICE.format(token="gr", type="groovy") + 'script = "decode.groovy"\n'
    return "".join(
        (
            *(COMPOSITE.format(port=port), python, groovy),
            *(CHOICE.format(token="js", type="json"), CHOICE.format(token="nested", type="composite"), NESTED),
        )
    )


SCRIPTS = {"extract.groovy": EXTRACT, "decode.groovy": GROOVY, "decode.py": PYTHON}


class CompositeStead(Stead):
    """A home with the composite source, and one beside it (`other`) that takes SiteWhere's JSON."""

    def __init__(self, path: Path, built: Built) -> None:
        super().__init__(path)
        give_build(path, built)
        for name, text in SCRIPTS.items():
            (self.scripts / name).write_text(text)
        self.other = free_port()
        self.write(composite(self.port) + OTHER.format(port=self.other))

    def send(self, device: str, token: str, payload: str) -> int:
        return self.post(envelope(device, token, payload))

    def register(self, device: str, token: str) -> None:
        """Has a device register through the other source."""
        request = {"specificationToken": token}
        registration = {"hardwareId": device, "type": "RegisterDevice", "request": request}
        own, self.port = self.port, self.other
        try:
            assert self.post(json.dumps(registration).encode()) == 200
        finally:
            self.port = own

    def last(self) -> dict[str, Any]:
        (row,) = self("requests", "--json", "--limit", "1", "--source", "lora").objects
        return row

    def detail(self) -> RequestDetail:
        """The last request of the composite source, whole."""
        id = self.last()["id"]
        return self.talk(lambda client: client.call("requests.get", {"id": id}, RequestDetail))

    def values(self, device: str) -> list[dict[str, float]]:
        """The measurements of a device, as far as it has some."""
        events = [event for event in self.events() if event["hardwareId"] == device]
        return [event["measurements"] for event in events if "measurements" in event]


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory, built: Built) -> Iterator[CompositeStead]:
    stead = CompositeStead(tmp_path_factory.mktemp("composite") / "home", built)
    stead.serve()
    yield stead
    stead.end()


def envelope(device: str, token: str, payload: str) -> bytes:
    return f"{device}|{token}|{payload}".encode()


def pipelined(*payloads: bytes) -> bytes:
    """These payloads as requests of one connection, sent at once."""
    requests = [b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(p), p) for p in payloads]
    requests[-1] = requests[-1].replace(b"Host: x", b"Host: x\r\nConnection: close")
    return b"".join(requests)


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1.1 (\d+) ", answer)]


# Which decoder.


def test_the_extractors_token_chooses_a_decoder_of_the_worker(stead: CompositeStead) -> None:
    assert stead.send("local", "py", "1.5") == 201  # as its script wants it answered
    assert stead.values("local") == [{"value": 1.5, "count": 1.0}]
    detail = stead.detail()
    assert detail.log.splitlines() == ["INFO opened local", "INFO local is a py"]
    assert detail.payload == envelope("local", "py", "1.5")


def test_a_groovy_choice_finds_the_device_in_its_metadata_as_in_sitewhere(stead: CompositeStead) -> None:
    assert stead.send("remote", "gr", "2.5") == 200
    assert stead.values("remote") == [{"value": 2.5, "count": 1.0}]
    assert stead.detail().log.splitlines() == ["INFO opened remote", "INFO remote is a gr and a gr"]


def test_a_choice_may_be_a_composite_again(stead: CompositeStead) -> None:
    assert stead.send("outer", "nested", "deep|inner|3.5") == 201
    assert stead.values("deep") == [{"value": 3.5, "count": 1.0}]
    detail = stead.detail()
    assert detail.log.splitlines() == ["INFO opened outer", "INFO opened deep", "INFO deep is a inner"]
    assert detail.payload == envelope("outer", "nested", "deep|inner|3.5")


def test_without_a_choice_there_is_no_event_and_the_log_says_so(stead: CompositeStead) -> None:
    assert stead.send("nobody", "elsewhere", "1") == 200
    row = stead.last()
    assert (row["outcome"], row["events"], row["reason"]) == ("decoded", 0, None)
    said = "INFO no choice is for the specification 'elsewhere' of device 'nobody': no event is made of this payload"
    assert stead.detail().log.splitlines() == ["INFO opened nobody", said]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"nothing", r"extract.groovy:6  no envelope"),
        (envelope("loop", "py", "1"), r"extract.groovy:7  ran longer than its time limit of 2 s"),
        (envelope("", "py", "1"), r"extract.groovy  the device's hardware id is empty"),
        (
            envelope("registry", "py", "1"),
            r"extract.groovy:8  deviceManagement.getDeviceByHardwareId needs SiteWhere's",
        ),
        (envelope("d", "js", "{}"), r"Event type is required."),
        (envelope("d", "py", "x"), r"decode.py:17  could not convert string to float: 'x'"),
        (envelope("d", "gr", "x"), r"decode.groovy:11  NumberFormatException"),
        (envelope("d", "nested", "x"), r"extract.groovy:6  no envelope"),
        (
            envelope("unheard", "", "1"),
            r"no specification is known of device 'unheard': the extractor names none, and no registration",
        ),
    ],
)
def test_what_fails_in_a_part_fails_the_request_with_its_reason(
    stead: CompositeStead, payload: bytes, reason: str
) -> None:
    assert stead.post(payload) == 422
    detail = stead.detail()
    assert detail.outcome == "failed"
    assert str(detail.reason).startswith(reason)
    assert detail.payload == payload
    assert stead.send("well", "py", "1") == 201


# What devices registered as.


def test_a_registration_counts_as_soon_as_it_is_acknowledged(stead: CompositeStead) -> None:
    for number in range(20):
        device = f"fresh{number}"
        stead.register(device, "py")
        assert stead.send(device, "", "1") == 201
    assert stead.send("fresh0", "gr", "2") == 200  # the extractor's word comes first


def test_a_registration_of_the_same_connection_counts_at_once(stead: CompositeStead) -> None:
    own = [envelope("own", "py", "register gr"), envelope("own", "", "4"), envelope("own", "py", "register py")]
    assert statuses(stead.raw(pipelined(*own, envelope("own", "", "5")))) == [200, 200, 200, 201]
    assert stead.values("own") == [{"value": 4.0, "count": 2.0}, {"value": 5.0, "count": 4.0}]


def test_a_later_registration_takes_the_place_of_an_earlier(stead: CompositeStead) -> None:
    stead.register("moved", "py")
    assert stead.send("moved", "", "1") == 201
    stead.register("moved", "gr")
    until(lambda: stead.send("moved", "", "1") == 200, "the newer specification")


def test_a_registration_is_known_after_a_restart(tmp_path: Path, built: Built) -> None:
    stead = CompositeStead(tmp_path / "home", built)
    try:
        engine = stead.serve()
        stead.register("kept", "js")
        engine.terminate()
        assert engine.wait(PATIENCE) == 0
        payload = '{"hardwareId": "kept", "type": "DeviceAlert", "request": {"type": "t", "message": "m"}}'
        tried = stead("decode", "default/lora", "--json", input=envelope("kept", "", payload))
        assert (tried.objects[0]["type"], tried.objects[0]["message"]) == ("t", "m"), tried.err
        stead.serve()
        assert stead.send("kept", "", payload) == 200
    finally:
        stead.end()


# Order and limits.


def test_requests_of_a_connection_are_decoded_in_their_order(stead: CompositeStead) -> None:
    tokens = ["py", "gr", "gr", "py", "js", "py", "gr"] * 4
    answer = stead.raw(pipelined(*(envelope("order", token, str(place)) for place, token in enumerate(tokens))))
    assert statuses(answer) == [{"py": 201, "gr": 200, "js": 422}[token] for token in tokens]
    places = [float(place) for place, token in enumerate(tokens) if token != "js"]
    counts = [float(count) for count, _ in enumerate(places, start=1)]
    made = [(values["value"], values["count"]) for values in stead.values("order")]
    assert made == list(zip(places, counts, strict=True))


def test_a_loop_in_a_decoder_of_the_worker_ends_at_its_limit(stead: CompositeStead) -> None:
    beside: list[int] = []
    other = threading.Thread(target=lambda: beside.append(stead.send("beside", "gr", "1")))
    other.start()
    assert stead.send("looped", "py", "loop") == 422
    other.join()
    assert beside == [200]
    assert "ran longer than its time limit of 2 s" in stead.last_request("failed")["reason"]


def test_a_payload_that_ends_its_worker_is_kept_whole_and_not_decoded_again(tmp_path: Path, built: Built) -> None:
    stead = CompositeStead(tmp_path / "home", built)
    try:
        stead.serve()
        killer = envelope("killer", "py", "die")
        with contextlib.suppress(OSError):
            stead.post(killer)
        until(lambda: bool(stead.requests("--failed")), "the record of it")
        detail = stead.detail()
        assert "the worker ended with status 7" in str(detail.reason)
        assert detail.payload == killer
        until(lambda: len(stead.workers()) == 2, "the successor")
        assert stead.post(killer) == 422
        assert "not decoded again: these bytes ended a worker" in str(stead.detail().reason)
        assert stead.send("killer", "py", "1") == 201
    finally:
        stead.end()


# Scripts and states.


def test_every_part_is_shown_and_a_saved_script_acts_at_once(stead: CompositeStead) -> None:
    def parts() -> dict[str, Node]:
        return {node.path: node for node in walk(stead.source()) if node.kind != "worker"}

    before = parts()
    decoder = "default/lora/decoder"
    assert before[decoder].title == "Composite Event Decoder (Binary)"
    assert before[f"{decoder}/metadata_extractor"].detail["script"] == "extract.groovy"
    assert before[f"{decoder}/choices/py"].title == "Match Device Specification (py)"
    assert before[f"{decoder}/choices/nested/decoder/choices/inner/decoder"].detail["script"] == "decode.py"
    version = before[decoder].detail["version"]
    script = stead.scripts / "decode.groovy"
    script.write_text(GROOVY.replace('"value"', '"other"'))
    until(lambda: stead.send("saved", "gr", "1") == 200 and "other" in stead.values("saved")[-1], "the new one")
    assert stead.last()["script"] not in (None, version)
    script.write_text("this is { not Groovy")
    until(lambda: parts()[f"{decoder}/choices/gr/decoder"].state == "error", "its fault")
    wrong = [path for path, node in parts().items() if node.state == "error"]
    assert wrong == [f"{decoder}/choices/gr/decoder"]
    (stead.scripts / "decode.py").write_text(PYTHON.replace("201", "202"))
    until(lambda: stead.send("saved", "py", "1") == 202, "the other script")
    assert stead.send("saved", "gr", "1") == 200  # by the last good one
    script.write_text(GROOVY)
    until(lambda: parts()[f"{decoder}/choices/gr/decoder"].state == "started", "it to be well again")


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def test_a_composite_is_tried_beside_the_engine(stead: CompositeStead) -> None:
    stead.register("tried", "gr")
    tried = stead("decode", "default/lora", "--json", input=envelope("tried", "", "7"))
    assert tried.objects[0]["measurements"] == {"value": 7.0, "count": 1.0}, tried.err
    assert tried.err.splitlines()[:2] == ["INFO opened tried", "INFO tried is a gr and a gr"]
    none = stead("decode", "default/lora", input=envelope("tried", "elsewhere", "7"))
    assert none.status == 0
    assert "no choice is for the specification 'elsewhere'" in none.err
