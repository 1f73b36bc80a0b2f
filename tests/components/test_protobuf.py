"""SiteWhere's protocol buffers, from bytes as a device sends them."""

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from core.sitewhere_protobuf.sitewhere_pb2 import Model, SiteWhere
from tests.components.decoding import decoded, events, reason

WHEN = 1423650780578
WHEN_TEXT = "2015-02-11T10:33:00.578Z"
META = [Model.Metadata(name="site", value="north")]


def delimited(message: Message) -> bytes:
    data = message.SerializePartialToString()
    assert len(data) < 128
    return bytes([len(data)]) + data


def payload(command: "SiteWhere.Command", body: Message, originator: str | None = None) -> bytes:
    return delimited(SiteWhere.Header(command=command, originator=originator)) + delimited(body)


def one(data: bytes) -> dict[str, object]:
    (event,) = events("protobuf", data)
    return event


def test_each_body_becomes_its_event() -> None:
    location = Model.DeviceLocation(hardwareId="d", latitude=33.5, longitude=-84.25, eventDate=WHEN, metadata=META)
    assert one(payload(SiteWhere.SEND_DEVICE_LOCATION, location)) == {
        "eventType": "Location",
        "hardwareId": "d",
        "latitude": 33.5,
        "longitude": -84.25,
        "elevation": 0.0,
        "eventDate": WHEN_TEXT,
        "metadata": {"site": "north"},
    }
    measured = [Model.Measurement(measurementId="rssi", measurementValue=-111)]
    assert one(
        payload(SiteWhere.SEND_DEVICE_MEASUREMENTS, Model.DeviceMeasurements(hardwareId="d", measurement=measured))
    ) == {"eventType": "Measurements", "hardwareId": "d", "measurements": {"rssi": -111.0}}
    alert = Model.DeviceAlert(hardwareId="d", alertType="fire", alertMessage="hot")
    assert one(payload(SiteWhere.SEND_DEVICE_ALERT, alert, "cmd-1")) == {
        "eventType": "Alert",
        "hardwareId": "d",
        "type": "fire",
        "level": "Info",
        "source": "Device",
        "message": "hot",
        "originator": "cmd-1",
    }
    registration = SiteWhere.RegisterDevice(hardwareId="d", specificationToken="spec", siteToken="site", metadata=META)
    assert one(payload(SiteWhere.SEND_REGISTRATION, registration)) == {
        "eventType": "Registration",
        "hardwareId": "d",
        "specificationToken": "spec",
        "siteToken": "site",
        "metadata": {"site": "north"},
    }
    acknowledge = SiteWhere.Acknowledge(hardwareId="d", message="done")
    assert one(payload(SiteWhere.SEND_ACKNOWLEDGEMENT, acknowledge, "cmd-1")) == {
        "eventType": "CommandResponse",
        "hardwareId": "d",
        "originatingEventId": "cmd-1",
        "response": "done",
        "originator": "cmd-1",
    }
    stream = Model.DeviceStream(hardwareId="d", streamId="video", contentType="video/mp4")
    assert one(payload(SiteWhere.SEND_DEVICE_STREAM, stream)) == {
        "eventType": "Stream",
        "hardwareId": "d",
        "streamId": "video",
        "contentType": "video/mp4",
    }
    data = Model.DeviceStreamData(hardwareId="d", streamId="video", sequenceNumber=7, data=b"\0\1", eventDate=WHEN)
    assert one(payload(SiteWhere.SEND_DEVICE_STREAM_DATA, data) + b"bytes after it") == {
        "eventType": "StreamData",
        "hardwareId": "d",
        "streamId": "video",
        "sequenceNumber": 7,
        "data": b"\0\1",
        "eventDate": WHEN_TEXT,
    }


def test_bytes_put_together_by_hand_are_read() -> None:
    """From the protocol's field numbers, so that schema and test are not wrong together."""
    header = bytes.fromhex("02 0805")
    body = bytes.fromhex("1b 0a06 323738393938 120f 0a04 72737369 11 0000000000c05bc0 2801")
    (event,) = events("protobuf", header + body)
    assert event == {"eventType": "Measurements", "hardwareId": "278998", "measurements": {"rssi": -111.0}}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The payload is empty: a header is missing."),
        (b"\x80", "The length of the header is cut off."),
        (b"\xff" * 12, "The length of the header is longer than 10 bytes."),
        (b"\x05\x08\x01", "The header is 5 bytes long by its length; 2 are there."),
        (b"\x00", "The header lacks command (or has a value that is not known)."),
        (b"\x02\x08\x63\x00", "The header lacks command (or has a value that is not known)."),
        (b"\x01\x08\x00", "The header is no SiteWhere.Header: "),
        (b"\x02\x08\x03", "Nothing follows the header."),
        (b"\x02\x08\x03\x09\x0a", "The SEND_DEVICE_LOCATION is 9 bytes long by its length; 1 are there."),
        (b"\x02\x08\x03\x03\x0a\x01d", "The SEND_DEVICE_LOCATION lacks latitude, longitude."),
        (b"\x02\x08\x03\x01\x0a", "The SEND_DEVICE_LOCATION is no Model.DeviceLocation: "),
        (payload(SiteWhere.SEND_ACKNOWLEDGEMENT, SiteWhere.Acknowledge(hardwareId="")), "Hardware id is missing."),
        (
            payload(
                SiteWhere.SEND_DEVICE_LOCATION,
                Model.DeviceLocation(hardwareId="d", latitude=float("nan"), longitude=1),
            ),
            "latitude is nan, which is no finite number",
        ),
        (
            payload(
                SiteWhere.SEND_DEVICE_LOCATION,
                Model.DeviceLocation(hardwareId="d", latitude=1, longitude=1, eventDate=(1 << 63) - 1),
            ),
            "is no date",
        ),
        (
            payload(
                SiteWhere.REQUEST_DEVICE_STREAM_DATA,
                SiteWhere.DeviceStreamDataRequest(hardwareId="d", streamId="s", sequenceNumber=4),
            ),
            "The device asks for #4 of its stream s: stream data is kept here and not sent back.",
        ),
    ],
)
def test_faults_have_words(data: bytes, words: str) -> None:
    assert words in reason("protobuf", data)


def test_texts_that_are_not_utf_8_are_kept_as_texts() -> None:
    body = b"\x0a\x02d\xff" + b"\x12\x01m"
    event = one(b"\x02\x08\x02" + bytes([len(body)]) + body)
    assert (event["hardwareId"], event["response"]) == ("d\N{REPLACEMENT CHARACTER}", "m")


@given(st.binary(), st.integers(1, 8))
def test_no_bytes_surprise_it(data: bytes, command: int) -> None:
    for given_bytes in (data, b"\x02\x08" + bytes([command, len(data) & 0x7F]) + data):
        outcome = decoded("protobuf", given_bytes)
        assert outcome.reason is None or not outcome.reason.startswith(("TypeError", "AttributeError", "KeyError"))


def test_negative_dates_and_sequence_numbers_are_signed() -> None:
    before = (1 << 64) - 1000
    data = Model.DeviceStreamData(hardwareId="d", streamId="s", sequenceNumber=before, data=b"", eventDate=before)
    event = one(payload(SiteWhere.SEND_DEVICE_STREAM_DATA, data))
    assert (event["sequenceNumber"], event["eventDate"]) == (-1000, "1969-12-31T23:59:59.000Z")
