"""Decodes H02 trackers: texts such as `*HQ,DEVICE,V1,…#`, and positions in binary.

Every message names its device. Heartbeats are answered; a heartbeat that says the battery's percentage is a
measurement. Speed is made km/h (the device says knots), course is in degrees. Firmware that sends 45 bytes after `$`
is read as well: set the length of the framing's binary branch to 45 for it.
"""

import re
from datetime import UTC, datetime

KNOT = 1.852  # km/h
FIX = re.compile(
    r"(?P<time>\d{6})?,(?P<valid>[AV]?),(?P<lat>\d*\.\d+),(?P<ns>[NS]),(?P<lon>\d*\.\d+),(?P<ew>[EW]),"
    r"(?P<speed>[\d.]*),(?P<course>[\d.]*),(?P<date>\d{6})?,(?P<status>[0-9A-Fa-f]{8})?"
)


def decode(payload: bytes, metadata: dict, events, logger, state, respond) -> None:
    if payload[:1] == b"$":
        binary(payload, events)
        return
    text = payload.decode("ascii").strip("*#")
    maker, device, *rest = text.split(",")
    device = device or state.get("device", "")
    if not device:
        raise ValueError("it names no device")
    state["device"] = device
    kind = rest[0] if rest else ""
    found = FIX.search(text)
    if found:
        fix(found, device, events)
    elif kind == "HTBT":
        respond(f"*{maker},{device},HTBT#")
        if len(rest) > 1 and rest[1].isdigit():
            events.measurements(device, {"batteryLevel": int(rest[1])})
    elif kind:
        logger.info("messages of type %s are not decoded", kind)


def fix(found, device: str, events) -> None:
    date, time = found["date"], found["time"]
    when = datetime.strptime(date + time, "%d%m%y%H%M%S").replace(tzinfo=UTC) if date and time else None
    latitude = degrees(found["lat"]) * (-1 if found["ns"] == "S" else 1)
    longitude = degrees(found["lon"]) * (-1 if found["ew"] == "W" else 1)
    report(events, device, when, latitude, longitude, found["valid"] == "A", found["status"])
    speed, course = float(found["speed"] or 0) * KNOT, float(found["course"] or 0)
    events.measurements(device, {"speed": round(speed, 2), "course": course}, event_date=when)


def binary(payload: bytes, events) -> None:
    """`$`, then digits two a byte: device, HHMMSS, DDMMYY, ddmm.mmmm, battery, dddmm.mmmm with flags, speed, course."""
    digits = payload.hex()[2:]
    device = digits[:10].lstrip("0")
    when = datetime.strptime(digits[10:22], "%H%M%S%d%m%y").replace(tzinfo=UTC)
    flags = int(digits[41], 16)
    latitude = degrees(f"{digits[22:26]}.{digits[26:30]}") * (1 if flags & 4 else -1)
    longitude = degrees(f"{digits[32:37]}.{digits[37:41]}") * (1 if flags & 8 else -1)
    report(events, device, when, latitude, longitude, bool(flags & 2), digits[48:56])
    speed, course = int(digits[42:45]) * KNOT, int(digits[45:48])
    events.measurements(device, {"speed": round(speed, 2), "course": course}, event_date=when)


def report(events, device: str, when, latitude: float, longitude: float, valid: bool, status) -> None:
    details = {} if valid else {"valid": "false"}
    if status:
        details["status"] = status.lower()  # one bit an alarm or an input, and which is which the maker says
    events.location(device, latitude, longitude, event_date=when, metadata=details)


def degrees(text: str) -> float:
    """Degrees and minutes, 3542.2043 or 38.6508, as degrees."""
    whole, _, part = text.partition(".")
    return int(whole[:-2] or 0) + float(f"{whole[-2:] or 0}.{part}") / 60
