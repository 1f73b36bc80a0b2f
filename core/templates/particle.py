"""Particle: events of a webhook in its default JSON format.

The device is `coreid`. Data may be a number, text, JSON in text, or an object; where it holds no numbers, it becomes an
alert of the event's name.
"""

import json


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    name, data = message["event"], message.get("data", "")
    device = message.get("coreid")
    if not device:
        raise ValueError("no coreid: the webhook's own fields leave the device out")
    shared = {"event_date": message.get("published_at"), "metadata": {"event": name}}
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            logger.info("the data is plain text")
    if isinstance(data, dict):
        values = {key: value for key, value in data.get("values", data).items() if isinstance(value, int | float)}
    else:
        values = {name: data} if isinstance(data, int | float) else {}
    if values:
        events.measurements(device, values, **shared)
    else:
        events.alert(device, name, data if isinstance(data, str) else json.dumps(data), **shared)
