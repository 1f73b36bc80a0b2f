"""Globalstar: messages of simplex devices (SmartOne, STX3), forwarded by the back office as XML or as JSON.

The device is its ESN. XML is answered as Globalstar wants it, quoting the message id; what is not, it sends again.
"""

import json
from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

from defusedxml.ElementTree import fromstring

ANSWER = """<?xml version="1.0" encoding="UTF-8"?>
<stuResponseMsg xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xsi:noNamespaceSchemaLocation="http://cody.glpconnect.com/XSD/StuResponse_Rev1_0.xsd" \
deliveryTimeStamp="{now:%d/%m/%Y %H:%M:%S} GMT" messageID="{own:032x}" correlationID={theirs}>\
<state>pass</state><stateMessage>Messages received and stored successfully</stateMessage></stuResponseMsg>
"""


# Fill this in for your devices.
def readings(data: bytes) -> dict:
    """What the device's bytes say, as numbers by name. The bytes are kept as stream data, whatever this returns."""
    return {}


def decode(payload: bytes, metadata: dict, events, logger, respond) -> None:
    if payload.lstrip().startswith(b"{"):
        for device in json.loads(payload)["entry"]["devices"]:
            from_json(device, events)
        return
    root = fromstring(payload)
    if root.tag != "stuMessages":
        raise ValueError(f"the document is {root.tag}, not stuMessages")
    for message in root.iter("stuMessage"):
        text = message.findtext("payload", "").strip().removeprefix("0x")
        seconds = int(message.findtext("unixTime", "0"))
        from_bytes(message.findtext("esn", ""), seconds, bytes.fromhex(text), events)
    now = datetime.now(UTC)
    theirs = quoteattr(root.get("messageID", ""))
    respond(ANSWER.format(now=now, own=int(now.timestamp() * 1e6), theirs=theirs), 200, "text/xml")


def from_bytes(device: str, seconds: int, data: bytes, events) -> None:
    shared = {"event_date": seconds * 1000}
    values = readings(data)
    if values:
        events.measurements(device, values, **shared)
    # Of a standard message the two lowest bits are 0, and the fourth where the fix is good.
    if len(data) >= 7 and data[0] & 0b1011 == 0:
        latitude = int.from_bytes(data[1:4], "big", signed=True) * 90 / 2**23
        longitude = int.from_bytes(data[4:7], "big", signed=True) * 180 / 2**23
        events.location(device, latitude, longitude, **shared)
    if data:
        events.stream_data(device, "uplink", seconds, data, **shared)


def from_json(message: dict, events) -> None:
    device = message["deviceIdentify"]["esn"]
    shared = {"event_date": message["deviceIdentify"]["unixTime"] * 1000}
    place, info = message.get("gpsCoordinate", {}), message.get("deviceInfo", {})
    if place.get("latitude") not in (None, ""):
        events.location(device, float(place["latitude"]), float(place["longitude"]), **shared)
    kind = info.get("messageSubType") or "message"
    events.state_change(device, "device", kind, data=info, **shared)
