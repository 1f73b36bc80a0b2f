"""Helium Console: uplinks of an HTTP integration.

The device is its DevEUI. Helium's operators who run ChirpStack send what the template chirpstack_v4 decodes.
"""

import base64
import json


# Fill this in for your devices.
def readings(port: int, data: bytes) -> dict:
    """What the device's bytes say, as numbers by name. The bytes are kept as stream data, whatever this returns."""
    return {}


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    device = message["dev_eui"]
    port, counter = message.get("port", 0), message.get("fcnt", 0)
    data = base64.b64decode(message.get("payload") or "")
    fields = (message.get("decoded") or {}).get("payload") or {}
    best = max(message.get("hotspots") or [{}], key=lambda each: each.get("rssi", -999))
    signal = {name: best[name] for name in ("rssi", "snr") if name in best}
    shared = {
        "event_date": message.get("reported_at"),
        "metadata": {"port": port, "counter": counter, "hotspot": best.get("name", "")},
    }

    decoded = {name: value for name, value in fields.items() if isinstance(value, int | float)}
    values = {**decoded, **readings(port, data), **signal}
    if values:
        events.measurements(device, values, **shared)
    if {"latitude", "longitude"} <= decoded.keys():
        events.location(device, decoded["latitude"], decoded["longitude"], decoded.get("altitude"), **shared)
    if data:
        events.stream_data(device, "uplink", counter, data, **shared)
