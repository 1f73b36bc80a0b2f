"""The Things Stack v3 (TTN, TTI): uplinks, joins and downlink states of a webhook.

The device is its DevEUI, or the device id where the webhook's field mask leaves the EUI out.
"""

import base64
import json


# Fill this in for your devices.
def readings(port: int, data: bytes) -> dict:
    """What the device's bytes say, as numbers by name. The bytes are kept as stream data, whatever this returns."""
    return {}


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    ids = message.get("end_device_ids", {})
    device = ids.get("dev_eui") or ids.get("device_id")
    if not device:
        raise ValueError("no device in end_device_ids: the webhook's field mask leaves it out")
    shared = {"event_date": message.get("received_at")}
    if "uplink_message" in message:
        uplink(device, message["uplink_message"], events, shared)
    elif "location_solved" in message:
        place = message["location_solved"]["location"]
        events.location(device, place["latitude"], place["longitude"], place.get("altitude"), **shared)
    else:
        # join_accept, downlink_ack, downlink_nack, downlink_sent, downlink_failed and the like
        kind = next((name for name in message if name.startswith(("join_", "downlink_", "service_"))), "unknown")
        events.state_change(device, "network", kind, **shared)


def uplink(device: str, message: dict, events, shared: dict) -> None:
    port, counter = message.get("f_port", 0), message.get("f_cnt", 0)
    data = base64.b64decode(message.get("frm_payload") or "")
    fields = message.get("decoded_payload") or {}
    best = max(message.get("rx_metadata") or [{}], key=lambda each: each.get("rssi", -999))
    signal = {name: best[name] for name in ("rssi", "snr") if name in best}
    shared["metadata"] = {"port": port, "counter": counter, **best.get("gateway_ids", {})}

    values = {**numbers(fields), **readings(port, data), **signal}
    if values:
        events.measurements(device, values, **shared)
    place = position(message.get("locations", {}).get("frm-payload") or fields)
    if place:
        events.location(device, *place, **shared)
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


def position(fields: dict) -> tuple | None:
    """Latitude, longitude and altitude, from the fields themselves or from an object among them."""
    for place in (fields, *fields.values()):
        if isinstance(place, dict):
            lower = {name.lower(): value for name, value in place.items()}
            if isinstance(lower.get("latitude"), int | float) and isinstance(lower.get("longitude"), int | float):
                return lower["latitude"], lower["longitude"], lower.get("altitude")
    return None
