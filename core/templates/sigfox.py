"""Sigfox: callbacks of the backend, whatever their fields are called; numbers may be text.

The device is `device` or `deviceId`. One that may carry a downlink (`"ack": true`) is answered 204: there is none.
"""

import json
from urllib.parse import unquote_plus

DEVICE = ("device", "deviceId")
TIME = ("time", "timestamp", "positionTime", "lastSeen")  # seconds since 1970
BYTES = (
    "data",
    "payload",
    "recievedPayload",
    "receivedPayload",
)  # hexadecimal; the third is how some callbacks spell it
PLACE = ("location", "computedLocation")
LATITUDE, LONGITUDE = ("lat", "latitude"), ("lng", "lon", "longitude")
COUNTER = ("seqNumber", "seqNum", "seqNo")


# Fill this in for your devices.
def readings(data: bytes) -> dict:
    """What the device's bytes say, as numbers by name. The bytes are kept as stream data, whatever this returns."""
    return {}


def decode(payload: bytes, metadata: dict, events, logger, respond) -> None:
    text = payload.decode()
    if text.startswith("%7B"):  # sent as a form: the JSON is the name of its only field
        text = unquote_plus(text).removesuffix("=")
    message = {name: value for name, value in json.loads(text).items() if value not in (None, "", "null")}
    device = first(message, DEVICE)
    if device is None:
        raise ValueError("no device: the callback's body names none")
    counter, seconds = int(first(message, COUNTER) or 0), first(message, TIME)
    shared = {
        "event_date": float(seconds) * 1000 if seconds else None,
        "metadata": {name: message[name] for name in ("messageType", "station", "deviceTypeId") if name in message},
    }
    data = bytes.fromhex(first(message, BYTES) or "")

    unwanted = {*DEVICE, *TIME, *BYTES, *LATITUDE, *LONGITUDE, *COUNTER, "station", "deviceTypeId"}
    values = {**numbers(message, unwanted), **readings(data)}
    if values:
        events.measurements(device, values, **shared)
    place = first(message, PLACE) or message
    latitude, longitude = first(place, LATITUDE), first(place, LONGITUDE)
    if latitude is not None and longitude is not None:
        events.location(device, float(latitude), float(longitude), **shared)
    if data:
        events.stream_data(device, "uplink", counter, data, **shared)
    if message.get("ack") is True:
        respond(b"", 204)


def first(fields: dict, names: tuple):
    """The value of the first of these names that is there."""
    return next((fields[name] for name in names if name in fields), None)


def numbers(message: dict, unwanted: set) -> dict:
    """The other fields that are numbers, also those that are written as text."""
    found = {}
    for name, value in message.items():
        if name not in unwanted and isinstance(value, int | float | str):
            try:
                found[name] = float(value)
            except ValueError:
                continue
    return found
