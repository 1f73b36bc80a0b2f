"""ChirpStack v3: every event of an HTTP integration with JSON encoding.

The device is its DevEUI as the server writes it, which is base64 with the marshaler JSON v3; events have it as
hexadecimal in their metadata. ChirpStack says in the query what happened: `?event=up`.
"""

import base64
import json


# Fill this in for your devices.
def readings(port: int, data: bytes) -> dict:
    """What the device's bytes say, as numbers by name. The bytes are kept as stream data, whatever this returns."""
    return {}


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    device = message["devEUI"]
    (kind,) = metadata.get("http.query", {}).get("event", ["up"])
    eui = device if len(device) == 16 else base64.b64decode(device).hex()
    rx = message.get("rxInfo") or [{}]
    shared = {"event_date": message.get("publishedAt") or rx[0].get("time"), "metadata": {"devEUI": eui}}
    if kind == "up":
        uplink(device, message, events, shared)
    elif kind == "status":
        names = ("margin", "batteryLevel", "externalPowerSource")
        events.measurements(device, {name: message[name] for name in names if name in message}, **shared)
    elif kind == "location":
        place = message["location"]
        events.location(device, place["latitude"], place["longitude"], place.get("altitude"), **shared)
    elif kind == "error":
        events.alert(device, message.get("type", "error"), message.get("error", ""), "Error", "System", **shared)
    else:  # join, ack, txack and integration
        events.state_change(device, "network", kind, **shared)


def uplink(device: str, message: dict, events, shared: dict) -> None:
    port, counter = message.get("fPort", 0), message.get("fCnt", 0)
    data = base64.b64decode(message.get("data") or "")
    fields = json.loads(message.get("objectJSON") or "{}") or message.get("object") or {}
    best = max(message.get("rxInfo") or [{}], key=lambda each: each.get("rssi", -999))
    signal = {name: best[key] for name, key in (("rssi", "rssi"), ("snr", "loRaSNR")) if key in best}
    shared["metadata"] |= {"port": port, "counter": counter, "gateway": best.get("gatewayID", "")}

    values = {**numbers(fields), **readings(port, data), **signal}
    if values:
        events.measurements(device, values, **shared)
    for place in (fields, *fields.values()):
        if isinstance(place, dict) and {"latitude", "longitude"} <= place.keys():
            events.location(device, place["latitude"], place["longitude"], place.get("altitude"), **shared)
    if data:
        events.stream_data(device, "uplink", counter, data, **shared)


def numbers(fields: dict, prefix: str = "") -> dict:
    """The numbers among the decoded fields; one inside another object is called outer.inner."""
    found = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            found |= numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float):
            found[prefix + name] = value
    return found
