"""Actility ThingPark: uplinks, locations and downlink reports of an HTTP application server.

The device is its DevEUI.
"""

import json


# Fill this in for your devices.
def readings(port: int, data: bytes) -> dict:
    """What the device's bytes say, as numbers by name. The bytes are kept as stream data, whatever this returns."""
    return {}


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    ((kind, message),) = json.loads(payload).items()
    device = message["DevEUI"]
    shared = {"event_date": message.get("Time")}
    if kind == "DevEUI_location":
        elevation = float(message["DevAlt"]) if "DevAlt" in message else None
        events.location(device, float(message["DevLAT"]), float(message["DevLON"]), elevation, **shared)
        return
    if kind != "DevEUI_uplink":  # such as DevEUI_downlink_Sent
        events.state_change(device, "network", kind, **shared)
        return
    port, counter = int(message.get("FPort", 0)), int(message.get("FCntUp", 0))
    data = bytes.fromhex(message.get("payload_hex") or "")
    shared["metadata"] = {"port": port, "counter": counter, "gateway": message.get("Lrrid", "")}

    # Older versions write numbers as text. LrrLAT and LrrLON are where the gateway is, not the device.
    signal = {name: float(message[key]) for name, key in (("rssi", "LrrRSSI"), ("snr", "LrrSNR")) if key in message}
    values = {**readings(port, data), **signal}
    if values:
        events.measurements(device, values, **shared)
    if data:
        events.stream_data(device, "uplink", counter, data, **shared)
