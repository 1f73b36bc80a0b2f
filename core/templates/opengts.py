"""OpenGTS: a tracker's GPRMC sentence in the query (`?id=…&gprmc=$GPRMC,…`).

The device is `id`, else `dev`. Speed is in km/h.
"""

from datetime import datetime

KNOT = 1.852  # km/h


def decode(payload: bytes, metadata: dict, events, logger) -> None:
    query = {name: values[-1] for name, values in metadata["http.query"].items()}
    device = query.get("id") or query.get("dev")
    if not device:
        raise ValueError("no id of a device in the query")
    fields = query["gprmc"].partition("*")[0].split(",")
    clock, valid, latitude, south, longitude, west, speed, course, day = fields[1:10]
    shared = {"event_date": datetime.strptime(day + clock[:6], "%d%m%y%H%M%S")}
    if valid == "A":
        elevation = float(query["alt"]) if "alt" in query else None
        events.location(device, degrees(latitude, south), degrees(longitude, west), elevation, **shared)
    values = {"speed": float(speed or 0) * KNOT, "course": float(course or 0)}
    if "batt" in query:
        values["battery"] = float(query["batt"])
    if "code" in query:
        shared["metadata"] = {"code": query["code"]}
    events.measurements(device, values, **shared)


def degrees(text: str, side: str) -> float:
    """Degrees of what NMEA writes as degrees and minutes, dddmm.mmm."""
    whole, minutes = divmod(float(text), 100)
    value = whole + minutes / 60
    return -value if side in ("S", "W") else value
