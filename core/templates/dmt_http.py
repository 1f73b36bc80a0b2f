"""Digital Matter: positions, counters and analogue inputs of an HTTP connector (JSON).

The device is its IMEI, else its serial number. Analogues and counters are called by their number, as in analogue_1.
"""

import json


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    device = message["device"].get("imei") or message["device"]["sn"]
    shared = {
        "event_date": message["date"],
        "metadata": {"sequence": message.get("sqn", 0), "reason": message.get("reason", 0)},
    }
    if "lat" in message and "lng" in message:
        events.location(device, message["lat"], message["lng"], message.get("alt"), **shared)
    values = {name: message[name] for name in ("posAcc", "inputs", "outputs", "status", "speed") if name in message}
    for kind in ("analogues", "counters"):
        for entry in message.get(kind, ()):
            values[f"{kind[:-1]}_{entry['id']}"] = entry["val"]
    for gateway in message.get("lora", {}).get("gw", ())[:1]:
        values |= {name: gateway[name] for name in ("rssi", "snr") if name in gateway}
    if values:
        events.measurements(device, values, **shared)
