"""ThingsBoard's HTTP device API: telemetry and attributes.

The device is the access token in the path (`/api/v1/TOKEN/telemetry`), which is kept with each request. Text among the
values becomes metadata.
"""

import json


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    parts = metadata["http.path"].strip("/").split("/")
    if len(parts) != 4 or parts[:2] != ["api", "v1"]:
        raise ValueError("the path is not /api/v1/TOKEN/telemetry or /api/v1/TOKEN/attributes")
    device, kind = parts[2], parts[3]
    message = json.loads(payload)
    for entry in message if isinstance(message, list) else [message]:
        stamped = "ts" in entry and "values" in entry
        values = entry["values"] if stamped else entry
        shared = {"event_date": entry["ts"] if stamped else None}
        shared["metadata"] = {name: value for name, value in values.items() if isinstance(value, str)}
        if kind == "attributes":
            plain = {name: value for name, value in values.items() if isinstance(value, int | float | str)}
            events.state_change(device, "attributes", "client", data=plain, event_date=shared["event_date"])
            continue
        numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
        if numbers or shared["metadata"]:
            events.measurements(device, numbers, **shared)
        for prefix in ("", "location_"):
            if {f"{prefix}latitude", f"{prefix}longitude"} <= numbers.keys():
                place = (numbers.get(f"{prefix}{name}") for name in ("latitude", "longitude", "altitude"))
                events.location(device, *place, **shared)
