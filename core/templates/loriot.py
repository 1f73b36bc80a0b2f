"""LORIOT: uplinks of an HTTP push output, with the gateways' list (`gw`) or without (`rx`).

The device is its EUI. Where an application sends both kinds, each uplink comes twice: switch one of them off.
"""

import json


# Fill this in for your devices.
def readings(port: int, data: bytes) -> dict:
    """What the device's bytes say, as numbers by name. The bytes are kept as stream data, whatever this returns."""
    return {}


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    device = message["EUI"]
    kind = message.get("cmd", "rx")
    shared = {"event_date": message.get("ts")}
    if kind not in ("rx", "gw"):  # such as txd, a downlink that was sent
        events.state_change(device, "network", kind, **shared)
        return
    port, counter = message.get("port", 0), message.get("fcnt", 0)
    data = bytes.fromhex(message.get("data") or "")
    best = max(message.get("gws") or [message], key=lambda each: each.get("rssi", -999))
    signal = {name: best[name] for name in ("rssi", "snr") if name in best}
    shared["metadata"] = {"port": port, "counter": counter, "gateway": best.get("gweui", "")}
    if 1 <= message.get("bat", 255) <= 254:  # 0 is a mains supply, 255 says that the device does not know
        signal["battery"] = round(message["bat"] / 254 * 100, 1)

    values = {**readings(port, data), **signal}
    if values:
        events.measurements(device, values, **shared)
    if data:
        events.stream_data(device, "uplink", counter, data, **shared)
