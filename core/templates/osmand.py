"""OsmAnd and Traccar Client: positions in the query, in a form or as JSON.

The device is `id` or `deviceid`, in JSON `device_id`. All other numbers are measurements as they are called.
"""

import json
from urllib.parse import parse_qs


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    if payload.lstrip().startswith(b"{"):
        from_json(json.loads(payload), events)
        return
    fields = {**metadata.get("http.query", {}), **parse_qs(payload.decode(), max_num_fields=1000)}
    one = {name: values[-1] for name, values in fields.items()}
    device = one.get("id") or one.get("deviceid")
    if not device:
        raise ValueError("no id of a device in the request")
    around = {name: " ".join(fields[name]) for name in ("cell", "wifi") if name in fields}
    shared = {"event_date": moment(one.get("timestamp")), "metadata": around}
    if "location" in one:
        one["lat"], _, one["lon"] = one["location"].partition(",")
    located = "lat" in one and "lon" in one
    if located:
        elevation = float(one["altitude"]) if "altitude" in one else None
        events.location(device, float(one["lat"]), float(one["lon"]), elevation, **shared)
    unwanted = {"id", "deviceid", "timestamp", "lat", "lon", "location", "altitude", "cell", "wifi"}
    values = numbers({name: value for name, value in one.items() if name not in unwanted})
    if values:
        events.measurements(device, values, **shared)
    if around and not located:
        events.state_change(device, "network", "surroundings", data=around, **shared)


def from_json(message: dict, events) -> None:
    device, location = message["device_id"], message["location"]
    shared = {"event_date": location["timestamp"]}
    place = location["coords"]
    events.location(device, place["latitude"], place["longitude"], place.get("altitude"), **shared)
    places = ("latitude", "longitude", "altitude")
    values = {
        **numbers({name: value for name, value in place.items() if name not in places and value != -1}),
        **numbers({name: location[name] for name in ("odometer", "is_moving", "mock") if name in location}),
        **numbers(location.get("extras") or {}),
    }
    battery = location.get("battery") or {}
    if battery.get("level", -1) >= 0:  # of the new client -1 says that it does not know
        values["battery"] = battery["level"] * 100
    if values:
        events.measurements(device, values, **shared)


def numbers(fields: dict) -> dict:
    """Those that are numbers or yes and no, also written as text."""
    words = {"true": 1.0, "false": 0.0}
    found = {}
    for name, value in fields.items():
        if isinstance(value, int | float | str):
            try:
                found[name] = words[value] if value in words else float(value)
            except ValueError:
                continue
    return found


def moment(text: str | None):
    """Seconds or milliseconds since 1970, or a date; None means now."""
    if text is None or not text.isdecimal():
        return text
    return int(text) if len(text) > 11 else int(text) * 1000
