"""A composite decoder from the device's POST to the event: a Groovy extractor, and choices of every kind behind it."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.cli.tidegate import free_port, until
from tests.engine.stead import Stead

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
timeout = "500 ms"
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
    python = CHOICE.format(token="py", type="python") + 'script = "decode.py"\ntimeout = "500 ms"\n'
    groovy = CHOICE.format(token="gr", type="groovy") + 'script = "decode.groovy"\n'
    return "".join(
        (
            *(COMPOSITE.format(port=port), python, groovy),
            *(CHOICE.format(token="js", type="json"), CHOICE.format(token="nested", type="composite"), NESTED),
        )
    )


@pytest.fixture(scope="module")
def stead(tmp_path_factory: pytest.TempPathFactory, groovy: None) -> Iterator[Stead]:
    stead = Stead(tmp_path_factory.mktemp("composite") / "home")
    scripts = {"extract.groovy": EXTRACT, "decode.groovy": GROOVY, "decode.py": PYTHON}
    for name, text in scripts.items():
        (stead.scripts / name).write_text(text)
    stead.other = free_port()
    stead.write(composite(stead.port) + OTHER.format(port=stead.other))
    stead.serve()
    yield stead
    stead.end()


def envelope(device: str, token: str, payload: str) -> bytes:
    return f"{device}|{token}|{payload}".encode()


def last(stead: Stead) -> dict[str, object]:
    (row,) = stead("requests", "--json", "--limit", "1").objects
    return row


def log_of(stead: Stead, request: object) -> list[str]:
    return stead.talk(lambda client: client.call("requests.get", {"id": request})).log.splitlines()


def events_of(stead: Stead, device: str) -> list[dict[str, object]]:
    return [event for event in stead.events() if event["hardwareId"] == device]


def test_the_token_of_the_extractor_chooses_a_local_decoder(stead: Stead) -> None:
    assert stead.post(envelope("d1", "py", "1.5")) == 201
    (event,) = events_of(stead, "d1")
    assert event["measurements"] == {"value": 1.5, "count": 1.0}
    assert log_of(stead, last(stead)["id"]) == ["INFO opened d1", "INFO d1 is a py"]
