"""flespi: an HTTP stream's messages, any number in one body and of any device.

The device is `ident`. A message's numbers are measurements under flespi's names, such as position.speed in km/h.
"""

import json

LEFT_OUT = ("timestamp", "server.timestamp", "position.latitude", "position.longitude", "position.altitude")


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    messages = json.loads(payload)
    for message in messages if isinstance(messages, list) else [messages]:
        device = message["ident"]
        shared = {"event_date": message["timestamp"] * 1000}
        if "position.latitude" in message and message.get("position.valid", True):
            latitude, longitude = message["position.latitude"], message["position.longitude"]
            events.location(device, latitude, longitude, message.get("position.altitude"), **shared)
        values = {
            name: value
            for name, value in message.items()
            if isinstance(value, int | float) and name not in LEFT_OUT and not name.startswith(("channel.", "device."))
        }
        if values:
            events.measurements(device, values, **shared)
