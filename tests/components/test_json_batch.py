"""Many events of one device in one JSON payload."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.components.decoding import decoded, events, reason

LOCATION = {"latitude": 33.75, "longitude": "-84.39", "eventDate": "2015-02-11T10:33:00.578Z"}
ALERT = {"type": "engine.overheat", "message": "hot", "level": "Warning", "metadata": {"a": 1}}


def batch(**lists: Any) -> bytes:
    return json.dumps({"hardwareId": "123-TEST"} | lists).encode()


def test_locations_come_before_measurements_and_alerts_whatever_the_order() -> None:
    payload = batch(
        alerts=[ALERT], measurements=[{"measurements": {"t": 1, "u": "2.5", "v": None}}], locations=[LOCATION]
    )
    assert events("json_batch", payload) == [
        {
            "eventType": "Location",
            "hardwareId": "123-TEST",
            "latitude": 33.75,
            "longitude": -84.39,
            "eventDate": "2015-02-11T10:33:00.578Z",
        },
        {"eventType": "Measurements", "hardwareId": "123-TEST", "measurements": {"t": 1.0, "u": 2.5}},
        {
            "eventType": "Alert",
            "hardwareId": "123-TEST",
            "type": "engine.overheat",
            "level": "Warning",
            "source": "Device",
            "message": "hot",
            "metadata": {"a": "1"},
        },
    ]


def test_lists_may_be_absent_null_or_empty_and_a_hardware_id_a_number() -> None:
    assert events("json_batch", b'{"hardwareId": 7, "locations": null, "alerts": []}') == []
    (event,) = events("json_batch", b'{"hardwareId": 278998, "measurements": [{"measurements": {"rssi": -111}}]} tail')
    assert event["hardwareId"] == "278998"


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "the payload is not JSON: "),
        (b"\xff", "the payload is not UTF-8 at byte 0"),
        (b"[1]", "The batch is not an object."),
        (b'{"locations": []}', "Hardware id is missing."),
        (batch(events=[]), "'events' is no field of a batch: alerts, hardwareId, locations, measurements"),
        (batch(alerts={}), "alerts is not a list."),
        (batch(alerts=["hot"]), "alerts[0] is not an object."),
        (batch(locations=[LOCATION, {"latitude": 1}]), "locations[1]: longitude is missing."),
        (batch(locations=[LOCATION | {"height": 1}]), "locations[0]: 'height' is no field of this request"),
        (batch(measurements=[{"measurements": {"on": True}}]), "measurements[0]: on is true, not a number"),
        (batch(measurements=[{"measurements": {"word": "hot"}}]), "measurements[0]: word is 'hot', not a number"),
        (batch(measurements=[{"measurements": [1]}]), "measurements[0]: measurements is not an object."),
        (batch(measurements=[{"measurements": {}, "x": 1}]), "measurements[0]: 'x' is no field of this request"),
        (
            batch(alerts=[ALERT | {"level": "Loud"}]),
            "alerts[0]: level 'Loud' is none of Info, Warning, Error, Critical",
        ),
    ],
)
def test_one_fault_refuses_the_batch_and_is_named(payload: bytes, words: str) -> None:
    assert words in reason("json_batch", payload)


@given(st.binary() | st.recursive(st.none() | st.text() | st.floats(), lambda some: st.lists(some)).map(json.dumps))
def test_no_bytes_surprise_it(payload: bytes | str) -> None:
    outcome = decoded("json_batch", payload if isinstance(payload, bytes) else payload.encode())
    assert outcome.reason
    assert not outcome.reason.startswith(("TypeError", "AttributeError", "KeyError"))
