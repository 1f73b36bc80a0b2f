"""SiteWhere's own JSON, one request a payload, read as SiteWhere 1.13 reads it."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.catalogue.decoding import DecodeFailed
from core.components.decoders.json import read_device_request


def request(type: Any, body: Any = None, **envelope: Any) -> bytes:
    message = {"hardwareId": "d", "type": type, "request": {} if body is None else body} | envelope
    return json.dumps({key: value for key, value in message.items() if value is not ...}).encode()


def read(payload: bytes) -> dict[str, Any]:
    """The event as it is written in the journal, without what every one has."""
    event = msgspec.json.decode(msgspec.json.encode(read_device_request(payload)))
    if event.get("hardwareId") == "d":
        del event["hardwareId"]
    return event


def refused(payload: bytes) -> str:
    with pytest.raises(DecodeFailed) as failed:
        read_device_request(payload)
    return str(failed.value)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (request(...), "Event type is required."),
        (request(None), "Event type is required."),
        (b"[]", "Event type is required."),
        (b"17", "Event type is required."),
        (b'"DeviceAlert"', "Event type is required."),
        (b"null", "Event type is required."),
        (request("devicealert"), "Event type is not valid."),
        (request("DeviceStateChange"), "Event type is not valid."),
        (request(7), "Event type is not valid."),
        (request("DeviceAlert", ...), "Request is missing."),
        (request("DeviceAlert", ..., hardwareId=...), "Request is missing."),
        (request("Nonsense", ..., hardwareId=...), "Event type is not valid."),
        (request("DeviceAlert", hardwareId=...), "Hardware id is missing."),
        (request("DeviceAlert", hardwareId=None), "Hardware id is missing."),
        (request("DeviceAlert", hardwareId=""), "Hardware id is missing."),
        (request("DeviceAlert", hardwareId={"a": 1}), "hardwareId is not text."),
        (b'{"type": "DeviceAlert", "hardwareId": "d", "request": null}', "Request is missing."),
    ],
)
def test_the_checks_in_their_order(payload: bytes, message: str) -> None:
    assert refused(payload) == message


@pytest.mark.parametrize(
    "payload", [b"", b"   ", b"{", b"nonsense", b'{"type": NaN}', b"{'type': 1}", b'\xef\xbb\xbf{"']
)
def test_what_is_no_json(payload: bytes) -> None:
    assert refused(payload).startswith("the payload is not JSON")


def test_what_is_no_utf_8() -> None:
    assert refused(b'{"type": "\xff"}') == "the payload is not UTF-8 at byte 10"


@pytest.mark.parametrize("nested", [b"[" * 100_000, b'{"a":' * 100_000], ids=["arrays", "objects"])
def test_nesting_has_an_end(nested: bytes) -> None:
    assert refused(nested) == "the payload is not JSON: it is nested too deeply"


def test_only_the_first_value_is_read_and_unknown_keys_beside_it_are_ignored() -> None:
    payload = request("DeviceAlert", {"type": "t", "message": "m"}, extra=1) + b" and so on"
    assert read(payload) == {"eventType": "Alert", "type": "t", "message": "m"}


@pytest.mark.parametrize(("id", "text"), [("d-1", "d-1"), (278998, "278998"), (True, "true"), (1.5, "1.5")])
def test_hardware_ids_that_sitewhere_would_lose_are_kept_as_text(id: Any, text: str) -> None:
    event = read_device_request(request("DeviceAlert", {"type": "t", "message": "m"}, hardwareId=id, originator=id))
    assert (event.hardware_id, event.originator) == (text, text)


@pytest.mark.parametrize(
    ("type", "body", "event"),
    [
        (
            "RegisterDevice",
            {"hardwareId": "inner", "specificationToken": "s", "siteToken": "t", "metadata": {"a": "b"}},
            {"eventType": "Registration", "hardwareId": "inner", "specificationToken": "s", "siteToken": "t"}
            | {"metadata": {"a": "b"}},
        ),
        ("RegisterDevice", {"category": "c", "type": "t", "newState": "n"}, {"eventType": "Registration"}),
        (
            "DeviceLocation",
            {"latitude": 52.5, "longitude": "13.25", "elevation": 34},
            {"eventType": "Location", "latitude": 52.5, "longitude": 13.25, "elevation": 34.0},
        ),
        (
            "DeviceLocation",
            {"latitude": 1, "longitude": 2},
            {"eventType": "Location", "latitude": 1.0, "longitude": 2.0},
        ),
        (
            "DeviceAlert",
            {"type": "t", "message": "m", "level": "Critical", "source": "System"},
            {"eventType": "Alert", "type": "t", "message": "m", "level": "Critical", "source": "System"},
        ),
        (
            "DeviceAlert",
            {"type": 5, "message": True, "level": 3, "source": 1},
            {"eventType": "Alert", "type": "5", "message": "true", "level": "Critical", "source": "System"},
        ),
        ("DeviceStream", {"streamId": "a-b_1"}, {"eventType": "Stream", "streamId": "a-b_1"}),
        (
            "DeviceStream",
            {"streamId": "s", "contentType": "x/y", "metadata": {"a": 1}},
            {"eventType": "Stream", "streamId": "s", "contentType": "x/y", "metadata": {"a": "1"}},
        ),
        (
            "DeviceStreamData",
            {"streamId": "s", "sequenceNumber": 4, "data": "AP8="},
            {"eventType": "StreamData", "streamId": "s", "sequenceNumber": 4, "data": "AP8="},
        ),
        (
            "Acknowledge",
            {"originatingEventId": "o", "responseEventId": "r", "response": "ok"},
            {"eventType": "CommandResponse", "originatingEventId": "o", "responseEventId": "r", "response": "ok"},
        ),
        (
            "MapDevice",
            {"compositeDeviceHardwareId": "c", "mappingPath": "/a"},
            {"eventType": "Mapping", "compositeDeviceHardwareId": "c", "mappingPath": "/a"},
        ),
    ],
)
def test_each_type_of_request(type: str, body: dict[str, Any], event: dict[str, Any]) -> None:
    assert read(request(type, body)) == event


@pytest.mark.parametrize(
    ("type", "body", "words"),
    [
        ("DeviceLocation", {"latitude": 1, "longitude": 2, "speed": 3}, "'speed' is no field of this request"),
        ("DeviceLocation", {"latitude": 1}, "longitude is missing."),
        ("DeviceLocation", {"latitude": "north", "longitude": 2}, "latitude is 'north', not a number"),
        ("DeviceLocation", {"latitude": "NaN", "longitude": 2}, "latitude is nan, which is no finite number"),
        ("DeviceAlert", {"type": "t", "message": "m", "level": "info"}, "level 'info' is none of"),
        ("DeviceAlert", {"type": "t", "message": "m", "level": 4}, "level 4 is none of"),
        ("DeviceAlert", {"type": "t", "message": "m", "source": -1}, "source -1 is none of"),
        ("DeviceAlert", {"type": ["t"]}, "type is not text."),
        ("DeviceAlert", [1], "Request is not an object."),
        ("DeviceStream", {"streamId": "a b"}, "streamId 'a b' must be letters, digits, - and _"),
        ("DeviceStream", {"streamId": "é"}, "must be letters"),
        ("DeviceStream", {}, "streamId '' must be letters"),
        ("DeviceStream", {"streamId": "s", "eventDate": 1}, "'eventDate' is no field"),
        ("DeviceStreamData", {"streamId": "s", "data": "?"}, "data is not base64"),
        ("MapDevice", {"metadata": {}}, "'metadata' is no field"),
        ("Acknowledge", {"eventDate": "yesterday"}, "eventDate 'yesterday' is no date"),
        ("Acknowledge", {"eventDate": "9" * 40}, "is no date"),
        ("Acknowledge", {"metadata": ["a"]}, "metadata is a list, not a dict"),
    ],
)
def test_what_is_wrong_in_a_request(type: str, body: Any, words: str) -> None:
    assert words in refused(request(type, body))


@pytest.mark.parametrize(
    "given",
    [
        "2015-02-11T10:33:00.000Z",
        "2015-02-11T10:33:00.000+0000",
        "2015-02-11T11:33:00+01:00",
        "Wed, 11 Feb 2015 10:33:00 GMT",
        1423650780000,
        "1423650780000",
    ],
)
def test_dates(given: Any) -> None:
    assert read(request("Acknowledge", {"eventDate": given}))["eventDate"] == "2015-02-11T10:33:00.000Z"


def test_fields_of_every_event() -> None:
    body = {"alternateId": 7, "eventDate": "2015-02-11", "updateState": True, "metadata": {"a": "b"}, "response": "r"}
    assert read(request("Acknowledge", body, originator="o")) == {
        "eventType": "CommandResponse",
        "alternateId": "7",
        "eventDate": "2015-02-11T00:00:00.000Z",
        "updateState": True,
        "metadata": {"a": "b"},
        "originator": "o",
        "response": "r",
    }


@pytest.mark.parametrize(
    ("body", "measurements", "metadata"),
    [
        ({"measurements": {"a": 1, "b": 2.5, "c": "3.5"}}, {"a": 1.0, "b": 2.5, "c": 3.5}, {}),
        ({"measurements": {"a": 1, "b": None, "c": ""}}, {"a": 1.0}, {}),
        ({"measurements": {"a": 1, "b": True}}, {"a": 1.0, "b": 1.0}, {}),
        ({"measurements": {"a": 1, "b": False, "n": "7"}, "metadata": {"x": "y"}}, {"a": 1.0, "b": 0.0}, {"n": "7"}),
        ({"measurements": {"a": "warm", "b": 0.5}, "metadata": {"x": "y"}}, {"b": 0.5}, {"a": "warm"}),
        ({"measurements": {"a": 1}, "unknown": 1, "metadata": {"x": "y"}}, {"a": 1.0}, {"x": "y"}),
        ({"measurements": {"a": [1], "b": {"c": 1}, "d": None, "e": 2}}, {"e": 2.0}, {}),
        ({}, {}, {}),
        ([1, 2], {}, {}),
        (5, {}, {}),
    ],
)
def test_measurements_have_a_second_chance(body: Any, measurements: dict[str, float], metadata: dict[str, str]) -> None:
    event = read(request("DeviceMeasurements", body))
    assert event["measurements"] == measurements
    assert event.get("metadata", {}) == metadata


def test_a_bad_event_field_fails_measurements_all_the_same() -> None:
    assert "no date" in refused(request("DeviceMeasurements", {"measurements": {"a": True}, "eventDate": "never"}))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["latitude", "longitude", "measurements", "metadata", "type", "level", "data", "streamId", "eventDate"]
TYPES = ["RegisterDevice", "DeviceLocation", "DeviceAlert", "DeviceMeasurements", "DeviceStream", "DeviceStreamData"]


@settings(suppress_health_check=[HealthCheck.too_slow])  # that is the machine
@given(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_every_request_is_an_event_or_a_refusal(type: str, body: dict[str, Any]) -> None:
    try:
        event = read_device_request(request(type, body))
    except DecodeFailed:
        return
    msgspec.json.encode(event)


@given(st.binary() | st.text().map(str.encode))
def test_every_payload_is_an_event_or_a_refusal(payload: bytes) -> None:
    with pytest.raises(DecodeFailed):
        read_device_request(payload)
