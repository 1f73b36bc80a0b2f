"""A Groovy script that says what is a duplicate, behind a Python decoder and behind a Groovy one."""

import json
from collections.abc import Iterator

import pytest

from core.components.deduplicators.groovy import TEMPLATE
from core.groovy.build import Built
from tests.cli.tidegate import free_port, until
from tests.engine.stead import Stead
from tests.groovy.conftest import give_build

SOURCE = """
[[device_communication.event_sources]]
type = "socket"
id = "{id}"
port = {port}
[device_communication.event_sources.interaction_handler]
type = "http"
[device_communication.event_sources.decoder]
type = "{decoder}"
script = "{script}"
[device_communication.event_sources.deduplicator]
type = "groovy"
script = "{deduplicator}"
timeout = "2 s"
"""

PYTHON = """
import json

def decode(payload, metadata, events, logger):
    logger.info("decoding")
    for device, values in json.loads(payload).items():
        events.measurements(device, values)
"""

GROOVY = """
import com.sitewhere.rest.model.device.communication.DecodedDeviceRequest
import com.sitewhere.rest.model.device.event.request.DeviceMeasurementsCreateRequest

new groovy.json.JsonSlurper().parseText(new String(payload, "UTF-8")).each { device, values ->
    def made = new DeviceMeasurementsCreateRequest()
    values.each { name, value -> made.addOrReplaceMeasurement(name, value as double) }
    events << new DecodedDeviceRequest(device, null, made)
}
"""

STRICT = """
switch (request.hardwareId) {
    case "again": logger.info("seen {}", request.hardwareId); return true
    case "loop": while (true) { }
    case "raise": throw new RuntimeException("cannot say")
    case "text": return "yes"
}
false
"""


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory, built: Built) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("deduplicator") / "home")
    give_build(stead.path, built)
    scripts = {"decode.py": PYTHON, "decode.groovy": GROOVY, "strict.groovy": STRICT, "deduplicate.groovy": TEMPLATE}
    for name, text in scripts.items():
        (stead.scripts / name).write_text(text)
    given = {"id": "lora", "port": stead.port, "decoder": "python", "script": "decode.py"}
    other = {"id": "other", "port": free_port(), "decoder": "groovy", "script": "decode.groovy"}
    stead.write(
        SOURCE.format(**given, deduplicator="strict.groovy") + SOURCE.format(**other, deduplicator="deduplicate.groovy")
    )
    stead.serve()
    yield stead
    stead.end()


def body(**devices: dict[str, float]) -> bytes:
    return json.dumps(devices).encode()


def newest(stead: Stead) -> dict[str, object]:
    (row,) = stead("requests", "--json", "--limit", "1").objects
    return row


def devices_of(stead: Stead, request: object) -> list[str]:
    return [event["hardwareId"] for event in stead.events() if event["request"] == request]


def test_what_the_script_calls_a_duplicate_is_left_out_and_said_in_the_log(stead: Stead) -> None:
    assert stead.post(body(one={"t": 1}, again={"t": 2}, two={"t": 3})) == 200
    row = newest(stead)
    assert (row["outcome"], row["events"]) == ("decoded", 2)
    assert devices_of(stead, row["id"]) == ["one", "two"]
    detail = stead.talk(lambda client: client.call("requests.get", {"id": row["id"]}))
    assert detail.log.splitlines() == [
        "INFO decoding",
        "INFO seen again",
        "duplicate, not stored: Measurements of again  t 2.0",
    ]
    assert stead.post(body(again={"t": 2})) == 200
    assert (newest(stead)["outcome"], newest(stead)["events"]) == ("decoded", 0)
    assert stead.post(body()) == 200


@pytest.mark.parametrize(
    ("device", "reason"),
    [
        ("raise", "strict.groovy:5  cannot say"),
        ("loop", "ran longer than its time limit of 2 s"),
        ("text", "strict.groovy  the script returned text, not a Boolean"),
    ],
)
def test_a_script_that_cannot_say_fails_the_request(stead: Stead, device: str, reason: str) -> None:
    assert stead.post(body(one={"t": 1}, **{device: {"t": 2}})) == 422
    row = newest(stead)
    assert (row["outcome"], row["events"]) == ("failed", 0)
    assert reason in str(row["reason"])
    assert stead.post(body(one={"t": 1})) == 200


def test_it_stands_behind_a_groovy_decoder_too(stead: Stead) -> None:
    own, stead.port = stead.port, stead.source("other").detail["port"]
    try:
        assert stead.post(body(full={"t": 1}, empty={})) == 200
    finally:
        stead.port = own
    assert devices_of(stead, newest(stead)["id"]) == ["full"]


def test_a_saved_script_acts_at_once_and_a_broken_one_is_shown_at_the_deduplicator(stead: Stead) -> None:
    def events_of(**devices: dict[str, float]) -> object:
        assert stead.post(body(**devices)) == 200
        return newest(stead)["events"]

    def reasons() -> dict[str, str | None]:
        return {child.kind: child.reason for child in stead.source().children}

    script = stead.scripts / "strict.groovy"
    script.write_text("request.hardwareId == 'one'")
    until(lambda: events_of(one={"t": 1}) == 0, "the new script")
    script.write_text("this is { not Groovy")
    until(lambda: reasons()["deduplicator"] is not None, "its fault")
    assert "strict.groovy" in str(reasons()["deduplicator"])
    assert reasons()["decoder"] is None
    assert events_of(one={"t": 1}, two={"t": 1}) == 1  # as the last good one says
