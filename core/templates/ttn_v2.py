"""The Things Network v2: uplinks of an HTTP integration, as old servers and archives still send them.

The device is its hardware serial (DevEUI), or the device id without one.
"""

import base64
import json


# Fill this in for your devices.
def readings(port: int, data: bytes) -> dict:
    """What the device's bytes say, as numbers by name. The bytes are kept as stream data, whatever this returns."""
    return {}


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    device = message.get("hardware_serial") or message["dev_id"]
    port, counter = message.get("port", 0), message.get("counter", 0)
    data = base64.b64decode(message.get("payload_raw") or "")
    fields = message.get("payload_fields") or {}
    network = message.get("metadata", {})
    best = max(network.get("gateways") or [{}], key=lambda each: each.get("rssi", -999))
    signal = {name: best[name] for name in ("rssi", "snr") if name in best}
    shared = {
        "event_date": network.get("time"),
        "metadata": {"port": port, "counter": counter, "gateway": best.get("gtw_id", "")},
    }

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
