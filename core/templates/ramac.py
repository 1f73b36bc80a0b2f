"""RAMAC trackers: heartbeats, positions and alerts, forwarded as JSON.

The device is `DeviceId`. Dates have no offset and are taken as UTC.
"""

import json

NUMBERS = ("BatteryPercentage", "Battery", "Temperature", "Speed", "COG", "EstimatedAccuracy", "IsMoving")


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    message = json.loads(payload)
    device = message["DeviceId"]
    shared = {"event_date": message["UpdateDate"], "metadata": {"sequence": message.get("SeqNumber", 0)}}
    values = {name: message[name] for name in NUMBERS if name in message}
    if values:
        events.measurements(device, values, **shared)
    if "Latitude" in message:
        located = {**shared, "event_date": message.get("LocationDateTime") or message["UpdateDate"]}
        events.location(device, message["Latitude"], message["Longitude"], **located)
    if message.get("Alert"):
        text = message.get("AlertMessage") or f"alert {message['Alert']}"
        events.alert(device, f"alert-{message['Alert']}", text, level="Warning", **shared)
