"""What scripts meet in the sidecar: what they are given, and the events that are made of what they leave."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.groovy.build import Built
from core.model.events import (
    Alert,
    CommandResponse,
    Location,
    Mapping,
    Measurements,
    Registration,
    StateChange,
    Stream,
    StreamData,
)
from tests.groovy.jvm import Client, Jvm

TUTORIAL = """\
import com.fasterxml.jackson.databind.*
import com.sitewhere.rest.model.device.communication.*
import com.sitewhere.rest.model.device.event.request.*
import com.sitewhere.spi.device.event.request.*

ObjectMapper mapper = new ObjectMapper()
def json = mapper.readTree(new String(payload))
if (json.get("id") == null) {
    throw new RuntimeException("The gateway's JSON names no id")
}

def decoded = new DecodedDeviceRequest<IDeviceMeasurementsCreateRequest>()
decoded.setHardwareId(json.get("id").asText())
def values = new DeviceMeasurementsCreateRequest()
for (name in ["rssi", "snr"]) {
    if (json.get(name) != null) {
        int value = json.get(name).asInt()
        logger.info(name + " is " + value)
        values.addOrReplaceMeasurement(name, value)
    }
}
values.setEventDate(new java.util.Date())
decoded.setRequest(values)
events.add(decoded)
"""


OF_JAVA_8 = """\
def digits = new StringBuilder("__")
digits.setLength(0)
for (one in payload.clone()) {
    digits.append(String.format("%02X", one & 0xff))
}
digits.setCharAt(0, 'x' as char)
events << new DecodedDeviceRequest(digits.substring(0, 4), null, new DeviceAlertCreateRequest())
"""


@pytest.fixture(scope="module")
def jvm(built: Built) -> Iterator[Jvm]:
    jvm = Jvm(built)
    yield jvm
    jvm.close()


@pytest.fixture
def client(jvm: Jvm, tmp_path: Path) -> Iterator[Client]:
    folder = tmp_path / "scripts"
    folder.mkdir()
    client = Client(jvm, folder)
    yield client
    client.close()


def test_what_was_open_to_scripts_on_java_8_still_is(client: Client) -> None:
    assert client.run(client.script(OF_JAVA_8), b"\x01\xff\x10").events[0].hardware_id == "x1FF"


def test_the_tutorials_way_of_writing(client: Client) -> None:
    (client.folder / "decodeOSS.groovy").write_text(TUTORIAL)
    handle = client.load("decodeOSS.groovy")
    ran = client.run(handle, b'{"id": 278998, "rssi": -111, "snr": -6}')
    (event,) = ran.events
    assert isinstance(event, Measurements)
    assert (event.hardware_id, event.measurements) == ("278998", {"rssi": -111.0, "snr": -6.0})
    assert event.event_date.endswith("Z")
    assert ran.extras.log == "INFO rssi is -111\nINFO snr is -6\n"
    failure = client.fails(handle, b'{"rssi": 1}')
    assert (failure.file, failure.line) == ("decodeOSS.groovy", 9)
    assert failure.reason == "The gateway's JSON names no id"


COAP = """
def device = metadata["hardwareId"]
def text = new String(payload)
switch (DeviceRequest.Type.valueOf(metadata["eventType"])) {
    case DeviceRequest.Type.RegisterDevice: register(text); break
    case DeviceRequest.Type.DeviceMeasurements: measure(device, fields(text)); break
    case DeviceRequest.Type.DeviceAlert:
        def alert = MarshalUtils.unmarshalJson(payload, DeviceAlertCreateRequest.class)
        events << new DecodedDeviceRequest<IDeviceAlertCreateRequest>(device, null, alert)
        break
    case DeviceRequest.Type.DeviceLocation:
        def parts = text.split(",")
        if (parts[0] != "LOC") return
        def place = new DeviceLocationCreateRequest(latitude: parts[1] as Double, longitude: parts[2] as Double)
        events.add(new DecodedDeviceRequest<IDeviceLocationCreateRequest>(device, null, place))
        return
    case DeviceRequest.Type.Acknowledge:
        def response = new DeviceCommandResponseCreateRequest(originatingEventId: "e1", response: text)
        events << new DecodedDeviceRequest(device, "e1", response)
}

Map fields(String text) {
    text.split(",").collectEntries { it.split("=") as List }
}

void register(String text) {
    def given = fields(text)
    def request = new DeviceRegistrationRequest()
    request.hardwareId = given.id
    request.specificationToken = given.spec
    request.metadata = given.findAll { it.key.startsWith("m:") }.collectEntries { [it.key.substring(2), it.value] }
    events.add(new DecodedDeviceRequest<IDeviceRegistrationRequest>(given.id, null, request))
}

void measure(String device, Map given) {
    def request = new DeviceMeasurementsCreateRequest()
    given.each { name, value -> request.addOrReplaceMeasurement(name, Double.parseDouble(value)) }
    events.add(new DecodedDeviceRequest<IDeviceMeasurementsCreateRequest>(device, null, request))
}
"""


def test_coap_scripts_with_methods_metadata_and_marshalling(client: Client) -> None:
    handle = client.script(COAP)

    def decoded(kind: str, payload: bytes) -> object:
        metadata = json.dumps({"eventType": kind, "hardwareId": "d1"}).encode()
        (event,) = client.run(handle, payload, metadata=metadata).events
        return event

    assert decoded("RegisterDevice", b"id=d2,spec=s1,m:floor=2") == Registration(
        hardware_id="d2", specification_token="s1", metadata={"floor": "2"}
    )
    assert decoded("DeviceMeasurements", b"a=1,b=2.5") == Measurements(
        hardware_id="d1", measurements={"a": 1.0, "b": 2.5}
    )
    alert = b'{"type": "hot", "message": "too hot", "level": "Error", "eventDate": 1000, "updateState": true}'
    assert decoded("DeviceAlert", alert) == Alert(
        hardware_id="d1", type="hot", message="too hot", level="Error", update_state=True,
        event_date="1970-01-01T00:00:01.000Z",
    )  # fmt: skip
    assert decoded("DeviceLocation", b"LOC,33.5,-84.25") == Location(hardware_id="d1", latitude=33.5, longitude=-84.25)
    assert decoded("Acknowledge", b"done") == CommandResponse(
        hardware_id="d1", originator="e1", originating_event_id="e1", response="done"
    )
    assert client.run(handle, b"LOST", metadata=b'{"eventType": "DeviceLocation"}').events == []


EVERY = """
def on = new Date(1423650780578L)
def add = { request -> events << new DecodedDeviceRequest("d", "origin", request) }
add new DeviceMeasurementsCreateRequest.Builder().measurement("a", 1).metadata("k", "v").on(on).trackState().build()
add eventBuilder.newLocation(1.5, 2.5).withElevation(3).metadata("k", "v").build()
add eventBuilder.newLocation(1, 2).build()
add eventBuilder.newAlert("t", "m").asSystemAlert().critical().metadata("k", "v").build()
add eventBuilder.newMeasurements().measurement("b", 2.5).build()
add new DeviceStateChangeCreateRequest(
    StateChangeCategory.Presence, StateChangeType.Presence_Updated, "PRESENT", "NOT_PRESENT")
add new DeviceRegistrationRequest(specificationToken: "spec", siteToken: "site", alternateId: "alt")
add new DeviceCommandResponseCreateRequest(originatingEventId: "o", responseEventId: "r", response: "ok")
add new DeviceStreamCreateRequest(streamId: "st", contentType: "image/png", metadata: [a: "b"])
add new DeviceStreamDataCreateRequest(streamId: "st", sequenceNumber: 7, data: [1, 2, 3] as byte[])
add new DeviceMappingCreateRequest(compositeDeviceHardwareId: "whole", mappingPath: "/left")
"""


def test_every_request_becomes_its_event(client: Client) -> None:
    own: Any = {"hardware_id": "d", "originator": "origin"}
    assert client.run(client.script(EVERY)).events == [
        Measurements(
            measurements={"a": 1.0}, metadata={"k": "v"}, event_date="2015-02-11T10:33:00.578Z",
            update_state=True, **own,
        ),
        Location(latitude=1.5, longitude=2.5, elevation=3.0, metadata={"k": "v"}, **own),
        Location(latitude=1.0, longitude=2.0, elevation=0.0, **own),
        Alert(type="t", message="m", level="Critical", source="System", metadata={"k": "v"}, **own),
        Measurements(measurements={"b": 2.5}, **own),
        StateChange(
            category="Presence", type="Presence_Updated", previous_state="PRESENT", new_state="NOT_PRESENT", **own
        ),
        Registration(specification_token="spec", site_token="site", alternate_id="alt", **own),
        CommandResponse(originating_event_id="o", response_event_id="r", response="ok", **own),
        Stream(stream_id="st", content_type="image/png", metadata={"a": "b"}, **own),
        StreamData(stream_id="st", sequence_number=7, data=b"\x01\x02\x03", **own),
        Mapping(composite_device_hardware_id="whole", mapping_path="/left", **own),
    ]  # fmt: skip


def test_what_groovy_makes_of_types(client: Client) -> None:
    text = """
    def m = new DeviceMeasurementsCreateRequest()
    m.addOrReplaceMeasurement("int", 1); m.addOrReplaceMeasurement("long", 2L)
    m.addOrReplaceMeasurement("float", 1.5f); m.addOrReplaceMeasurement("decimal", 2.25)
    m.addOrReplaceMeasurement("${"big"}", 10G); m.addOrReplaceMeasurement("none", null)
    assert m.getMeasurement("long") == 2.0d && m.removeMeasurement("long") == 2.0d && m.measurements.size() == 5
    def l = new DeviceLocationCreateRequest(); l.latitude = 5; l.longitude = 6G
    def a = new DeviceAlertCreateRequest(type: 't', message: 'm'); a.level = 'Warning'
    [m, l, a].each { events << new DecodedDeviceRequest("d", null, it) }
    """
    ran = client.run(client.script(text))
    assert ran.events == [
        Measurements(hardware_id="d", measurements={"int": 1.0, "float": 1.5, "decimal": 2.25, "big": 10.0}),
        Location(hardware_id="d", latitude=5.0, longitude=6.0),
        Alert(hardware_id="d", type="t", message="m", level="Warning"),
    ]
    assert ran.extras.log == "WARNING measurement none is null and was left out\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("new DeviceMeasurementsCreateRequest().addOrReplaceMeasurement('a', '1')", "MissingMethodException"),
        ("new DeviceAlertCreateRequest().setLevel('Warning')", "MissingMethodException"),
        ("add(new DeviceMeasurementsCreateRequest(measurements: [volt: Double.NaN]))", "volt is NaN, which is no"),
        ("add(new DeviceMeasurementsCreateRequest(measurements: [volt: 'x']))", "volt is text, not a number"),
        ("add(new DeviceLocationCreateRequest(latitude: 1))", "longitude is null, not a number"),
        ("add(new SendDeviceStreamDataRequest())", "SendDeviceStreamDataRequest asks for stored stream data"),
        ("add(eventBuilder.newCommandInvocation('c', 'a').build())", "DeviceCommandInvocationCreateRequest invokes"),
        ("add(null)", "a DecodedDeviceRequest in events has no request: it is null"),
        ("add(new Date())", "a java.util.Date is no request that an event can be made of"),
        ("events << 'text'", "events holds text, not a DecodedDeviceRequest"),
        ("events = null", "events is null, not a list of decoded requests"),
        ("events << new DecodedDeviceRequest(null, null, new DeviceAlertCreateRequest())", "the device's hardware id"),
        ("eventBuilder.forAssignment('a').persist(null)", "eventBuilder.forAssignment needs SiteWhere's"),
        ("deviceBuilder.newDevice('a', 'b', 'c')", "deviceBuilder.newDevice needs SiteWhere's device registry"),
        ("state.when = new Date()", "state.when is a java.util.Date: only text"),
        ("respond(1)", "respond was given a java.lang.Integer, not bytes or text"),
        ("respond('a', 99)", "respond was given the status 99: a whole number"),
        ("throw new com.sitewhere.spi.device.communication.EventDecodeException('bad')", "bad"),
        ("nothing.at.all", "MissingPropertyException: No such property: nothing"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_fails_by_its_name(client: Client, text: str, reason: str) -> None:
    adder = "def add(request) { events << new DecodedDeviceRequest('d', null, request) }\n"
    failure = client.fails(client.script(adder + text))
    assert failure.reason.startswith(reason)


def test_events_are_read_back_from_the_binding(client: Client) -> None:
    text = "events = [new DecodedDeviceRequest('d', null, new DeviceAlertCreateRequest(type: 'new'))]"
    assert [type(event) for event in client.run(client.script(text)).events] == [Alert]


def test_metadata_with_its_date(client: Client) -> None:
    text = """
    assert metadata["received"] instanceof java.util.Date && metadata.received.time == 1423650780578L
    assert metadata["http.headers"]["x-a"] == "1" && metadata.size() == 2 && !metadata.containsKey("other")
    metadata.put("other", 1)
    logger.info("{} of {}", metadata.keySet(), 'them'); logger.warn("bad", new Exception("why"))
    """
    given = b'{"received": "2015-02-11T10:33:00.578Z", "http.headers": {"x-a": "1"}}'
    log = client.run(client.script(text), metadata=given).extras.log
    assert log == "INFO [received, http.headers, other] of them\nWARNING bad: java.lang.Exception: why\n"


def test_state_and_answers(client: Client) -> None:
    handle = client.script("state.count = (state.count ?: 0) + 1; respond('n' + state.count, 201)")
    extras = client.run(handle, state=b'{"count":4}').extras
    assert (extras.state, extras.respond) == ({"count": 5}, (b"n5", 201))
    assert client.run(client.script("payload"), state=b'{"count":4}').extras.state is None
    assert client.run(client.script("state = [a: [1, null]]; respond(payload)"), b"xy").extras.respond == (b"xy", 200)


def test_string_scripts_have_text_and_no_metadata(client: Client) -> None:
    text = "events << new DecodedDeviceRequest(payload, null, eventless ? null : new DeviceAlertCreateRequest())"
    handle = client.script(text.replace("eventless", "binding.hasVariable('metadata')"), "string")
    (event,) = client.run(handle, "gerät".encode()).events
    assert event.hardware_id == "gerät"


def test_extractors_return_the_device_and_the_inner_payload(client: Client) -> None:
    text = """
    import com.sitewhere.device.communication.decoder.composite.BinaryMessageMetadata
    def found = new BinaryMessageMetadata()
    found.setHardwareId(new String(payload, 0, 2)); found.setPayload(payload[2..-1] as byte[])
    if (metadata["spec"]) found.specificationToken = metadata["spec"]
    com.sitewhere.spi.device.IDeviceManagement registry = deviceManagement
    if (metadata["ask"]) registry."${metadata['ask']}"("d1")
    if (metadata["read"]) registry."${metadata['read']}"
    return metadata["none"] ? null : found
    """
    handle = client.script(text, "extractor")
    assert client.run(handle, b"d1abc").raw == {"hardwareId": "d1", "specification": None, "payload": "YWJj"}
    assert client.run(handle, b"d1abc", metadata=b'{"spec": "s"}').raw["specification"] == "s"
    for asked in ("getDeviceByHardwareId", "getDeviceSpecificationByToken", "listDevices"):
        with pytest.raises(
            AssertionError, match=rf"deviceManagement\.{asked} needs SiteWhere's device.*specificationToken"
        ):
            client.run(handle, b"d1abc", metadata=f'{{"ask": "{asked}"}}'.encode())
    with pytest.raises(AssertionError, match=r"deviceManagement\.sites needs SiteWhere's device registry"):
        client.run(handle, b"d1abc", metadata=b'{"read": "sites"}')
    with pytest.raises(AssertionError, match="the script returned null, not a BinaryMessageMetadata"):
        client.run(handle, b"d1abc", metadata=b'{"none": true}')


@pytest.mark.parametrize(
    "event",
    [
        {"eventType": "Measurements", "measurements": {"a": 1.5}, "alternateId": "x"},
        {"eventType": "Location", "latitude": 1, "longitude": 2.5},
        {"eventType": "Alert", "type": "t", "message": "m", "level": "Error"},
        {"eventType": "StateChange", "category": "Presence", "type": "Presence_Updated", "data": {"a": "b"}},
        {"eventType": "StateChange", "category": "own", "type": "word"},
        {"eventType": "Registration", "specificationToken": "s"},
        {"eventType": "CommandResponse", "response": "ok", "originatingEventId": "e"},
        {"eventType": "Stream", "streamId": "s"},
        {"eventType": "StreamData", "streamId": "s", "sequenceNumber": 3, "data": "AQI="},
        {"eventType": "Mapping", "mappingPath": "/a"},
    ],
)
def test_deduplicators_see_the_request_of_an_event(client: Client, event: dict[str, object]) -> None:
    handle = client.script("println request.request; request.hardwareId == 'd1'", "deduplicator")
    assert client.run(handle, json.dumps({"hardwareId": "d1", **event}).encode()).raw is True
    assert client.run(handle, json.dumps({"hardwareId": "d2", **event}).encode()).raw is False


def test_deduplicators_must_return_a_boolean(client: Client) -> None:
    handle = client.script("request.request.getMeasurement('a')", "deduplicator")
    failure = client.fails(handle, b'{"eventType": "Measurements", "hardwareId": "d", "measurements": {"a": 1}}')
    assert failure.reason == "the script returned a java.lang.Double, not a Boolean"
