"""Decodes GPS103 trackers: `imei:DEVICE,what happened,local time,…;`.

A login `##,imei:DEVICE,A;` is answered LOAD, a bare IMEI, the heartbeat, ON. Speed is made km/h (the device says
knots), course is in degrees, altitude in metres. The day is that of the device's local time, moved by one where the
time of the fix, which is UTC, says so. What happened is an alarm unless it is the usual `tracker`.
"""

import re
from datetime import UTC, datetime, timedelta

KNOT = 1.852  # km/h
ALARMS = {
    "help me": "sos",
    "low battery": "lowBattery",
    "sensor alarm": "vibration",
    "ac alarm": "powerCut",
    "door alarm": "door",
    "acc alarm": "ignition",
    "move": "movement",
    "speed": "overspeed",
    "stockade": "geofence",
}
QUIET = ("tracker", "001", "", "oil1", "oil2")  # nothing happened
STATES = {3: "ignition", 4: "door", 5: "fuel1", 6: "fuel2", 7: "temp1"}  # places behind the speed
FIX = re.compile(
    r"F,(?P<time>\d{6})[\d.]*,(?P<valid>[AV]),(?P<lat>[\d.]+),(?P<ns>[NS]),(?P<lon>[\d.]+),(?P<ew>[EW]),"
    r"(?P<rest>[^;*]*)"
)
PLAIN = re.compile(
    r"(?P<time>\d{6}),(?P<date>\d{6}),\d+,(?P<valid>[01]),(?P<lat>-?[\d.]+),(?P<lon>-?[\d.]+),"
    r"(?P<speed>[\d.]+),(?P<course>[\d.]+),(?P<altitude>[\d.]+),(?P<hdop>[\d.]+),(?P<satellites>\d+)"
)


def decode(payload: bytes, metadata: dict, events, logger, state, respond) -> None:
    text = payload.decode("ascii").strip(" \r\n;*")
    login = re.fullmatch(r"##,imei:(\d+),A", text)
    if login:
        state["device"] = login[1]
        respond("LOAD")
        return
    bare = re.match(r"\d{15}", text)
    if bare:
        state["device"] = bare[0]
        respond("ON")
        text = text[15:]  # a message may follow at once
    if not text:
        return
    named = re.match(r"imei:(\d+),", text)
    if named is None:
        raise ValueError("it does not begin with imei:")
    device, fields = named[1], text[named.end() :].split(",")
    state["device"] = device
    plain, found = PLAIN.search(text), FIX.search(text)
    if plain:
        plain_fix(plain, device, events)
        return
    when = fix(found, device, fields, events) if found else None
    local = {} if when or len(fields) < 2 else {"localTime": fields[1]}
    if fields[0] == "OBD":
        engine(fields, device, events, local)
    elif fields[0] not in QUIET:
        kind = ALARMS.get(fields[0], fields[0])
        events.alert(device, kind, fields[0], level="Warning", event_date=when, metadata=local)
    elif not found:
        logger.info("it has no fix")


def fix(found, device: str, fields: list, events):
    """`F,` and a position; then what else is known, of which each may be missing."""
    when = moment(found["time"], local_time(fields))
    latitude = degrees(found["lat"]) * (-1 if found["ns"] == "S" else 1)
    longitude = degrees(found["lon"]) * (-1 if found["ew"] == "W" else 1)
    rest = [each.strip() for each in found["rest"].split(",")] + [""] * 8
    altitude = number(rest[2])
    valid = {} if found["valid"] == "A" else {"valid": "false"}
    events.location(device, latitude, longitude, altitude, event_date=when, metadata=valid)
    values = {
        "speed": round((number(rest[0]) or 0) * KNOT, 2),
        "course": number(rest[1]),
    }
    names = {4: "fuel1", 5: "fuel2"} if fields[0].startswith("oil") else STATES
    values.update({name: number(rest[place]) for place, name in names.items()})
    if re.fullmatch(r"\d+%", fields[2]):
        values["batteryLevel"] = number(fields[2])
    known = {name: value for name, value in values.items() if value is not None}
    events.measurements(device, known, event_date=when)
    return when


def plain_fix(found, device: str, events) -> None:
    """The form of other firmware: degrees with a sign, and UTC date and time."""
    when = datetime.strptime(found["date"] + found["time"], "%d%m%y%H%M%S").replace(tzinfo=UTC)
    valid = {} if found["valid"] == "1" else {"valid": "false"}
    latitude, longitude = float(found["lat"]), float(found["lon"])
    events.location(device, latitude, longitude, float(found["altitude"]), event_date=when, metadata=valid)
    values = {name: float(found[name]) for name in ("course", "hdop", "satellites")}
    events.measurements(device, {"speed": round(float(found["speed"]) * KNOT, 2), **values}, event_date=when)


def engine(fields: list, device: str, events, local: dict) -> None:
    """What the car's own computer says; where the engine is off, nothing. The odometer is made km."""
    fields = fields + [""] * 12
    names = {2: "odometer", 6: "obdSpeed", 7: "engineLoad", 8: "coolantTemp", 9: "throttle", 10: "rpm", 11: "power"}
    values = {name: number(fields[place]) for place, name in names.items() if number(fields[place]) is not None}
    if "odometer" in values:
        values["odometer"] /= 1000
        events.measurements(device, values, metadata=local)


def local_time(fields: list):
    """YYMMDDHHMM, with seconds or without, in the device's own zone; None where it knows none."""
    text = fields[1] if len(fields) > 1 else ""
    form = {10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S"}.get(len(text))
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC) if form else None
    except ValueError:
        return None


def moment(time: str, local):
    """HHMMSS in UTC, on the day that puts it nearest to the local time; None where the day is not known."""
    if local is None:
        return None
    clock = datetime.strptime(time, "%H%M%S")
    same = local.replace(hour=clock.hour, minute=clock.minute, second=clock.second)
    return min((same + timedelta(days=days) for days in (-1, 0, 1)), key=lambda when: abs(when - local))


def degrees(text: str) -> float:
    """Degrees and minutes, 2233.1870 or 11354.3067, as degrees."""
    whole, _, part = text.partition(".")
    return int(whole[:-2] or 0) + float(f"{whole[-2:] or 0}.{part or 0}") / 60


def number(text: str):
    """A number, with + or % around it or without; None where there is none."""
    try:
        return float(text.strip("%"))
    except ValueError:
        return None
