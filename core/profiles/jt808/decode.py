"""Decodes JT/T 808 terminals: 7e, a header that names the terminal, a body, a checksum, 7e.

Escapes are undone by the framing. A registration is answered with a token, which the terminal gives back at its
authentication; that, heartbeats and data are answered 8001 with their serial. Dates are of UTC+8, as the standard
says: change ZONE for terminals that are set otherwise. Speed is in km/h, course in degrees, altitude in metres,
odometer in km, voltages in volts; batteryLevel is a percentage.
"""

from datetime import datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=8))
HEARTBEAT, REGISTRATION, AUTHENTICATION = 0x0002, 0x0100, 0x0102
LOCATION, LOCATIONS, SHORT, TRANSPARENT = 0x0200, 0x0704, 0x0210, 0x0900
ANSWERED = (HEARTBEAT, AUTHENTICATION, LOCATION, LOCATIONS, TRANSPARENT)
ALARMS = {0: "sos", 1: "overspeed", 2: "fatigue", 4: "gnssFault", 7: "lowPower", 8: "powerCut", 29: "collision"}
# What may follow a position, by its id: the measurement's name, and what the number is divided by.
DETAILS = {
    0x01: ("odometer", 10),
    0x02: ("fuel", 10),  # litres
    0x30: ("gsm", 1),
    0x31: ("satellites", 1),
    0x51: ("temp1", 10),
    0x69: ("battery", 100),
    0x82: ("power", 10),
}
INNER = {0x002D: ("battery", 1000), 0x00E1: ("batteryLevel", 1)}  # those within 0xeb


def decode(payload: bytes, metadata: dict, events, logger, state, respond) -> None:
    if len(payload) < 15 or payload[0] != 0x7E or payload[-1] != 0x7E:
        raise ValueError("it is too short for a message between 7e and 7e")
    checked = payload[1:-2]
    if xor(checked) != payload[-2]:
        raise ValueError(f"the checksum is {payload[-2]:02x}, and {xor(checked):02x} would be right")
    kind, flags = int.from_bytes(checked[:2], "big"), int.from_bytes(checked[2:4], "big")
    size = 10 if flags & 0x4000 else 6  # bytes of the terminal's number; more since 2019, behind a version
    start = 5 if flags & 0x4000 else 4
    raw, serial = checked[start : start + size], checked[start + size : start + size + 2]
    device, body = raw.hex().lstrip("0"), checked[start + size + 2 :]
    state["device"] = device
    if kind == REGISTRATION:
        respond(answer(0x8100, serial + b"\x00" + device.encode(), checked, start, size, state))
    elif kind in ANSWERED:
        respond(answer(0x8001, serial + checked[:2] + b"\x00", checked, start, size, state))
    if flags & 0x2000:
        logger.info("parts of a longer message are not decoded")
    elif flags & 0x1C00:
        logger.info("encrypted messages are not decoded")
    elif kind == LOCATION:
        location(body, device, events)
    elif kind == LOCATIONS:
        several(body, device, events)
    elif kind == SHORT:
        short(body, device, events)
    elif kind not in (HEARTBEAT, REGISTRATION, AUTHENTICATION):
        logger.info("messages of type %04x are not decoded", kind)


def location(data: bytes, device: str, events) -> None:
    """Alarm, status, latitude, longitude, altitude, speed, course, time; then numbered details."""
    if len(data) < 28:
        raise ValueError(f"a position has 28 bytes at least, and here are {len(data)}")
    alarm, status, latitude, longitude = (int.from_bytes(data[at : at + 4], "big") for at in (0, 4, 8, 12))
    altitude, speed, course = (int.from_bytes(data[at : at + 2], "big", signed=at == 16) for at in (16, 18, 20))
    when = moment(data[22:28].hex())
    values = {}
    if latitude or longitude:
        latitude, longitude = latitude / 1e6, longitude / 1e6
        if status & 4:
            latitude = -latitude
        if status & 8:
            longitude = -longitude
        valid = {} if status & 2 else {"valid": "false"}
        events.location(device, latitude, longitude, altitude, event_date=when, metadata=valid)
        values = {"speed": speed / 10, "course": course}
    values["ignition"] = status & 1
    texts = details(data[28:], values)
    events.measurements(device, values, event_date=when, metadata=texts)
    for bit, name in ALARMS.items():
        if alarm >> bit & 1:
            events.alert(device, name, f"alarm {alarm:#010x}", level="Warning", event_date=when)


def details(data: bytes, values: dict) -> dict:
    """Puts the numbers that are known here into `values`; gives what is text."""
    texts = {}
    while len(data) >= 2:
        kind, value = data[0], data[2 : 2 + data[1]]
        data = data[2 + data[1] :]
        if kind == 0xE4 and value:
            values["batteryLevel"] = value[-1]  # whether it is charged may stand before
        elif kind in DETAILS and len(value) <= 4:
            name, divisor = DETAILS[kind]
            values[name] = int.from_bytes(value, "big", signed=kind == 0x51) / divisor
        elif kind == 0xEB:
            inner(value, values, texts)
    return texts


def inner(data: bytes, values: dict, texts: dict) -> None:
    """A length, which counts the id behind it, an id, and a value; each again."""
    while len(data) >= 4:
        end = 2 + int.from_bytes(data[:2], "big")
        kind, value = int.from_bytes(data[2:4], "big"), data[4:end]
        data = data[end:] if end > 2 else b""
        if kind in INNER:
            name, divisor = INNER[kind]
            values[name] = int.from_bytes(value, "big") / divisor
        elif kind == 0x00B2:
            texts["iccid"] = value.hex().rstrip("f")


def several(data: bytes, device: str, events) -> None:
    """Positions that the terminal had kept, each with its length before it."""
    count, data = int.from_bytes(data[:2], "big"), data[3:]
    for _ in range(count):
        end = 2 + int.from_bytes(data[:2], "big")
        location(data[2:end], device, events)
        data = data[end:]


def short(data: bytes, device: str, events) -> None:
    """The battery and a time, or positions, each with a length of one byte."""
    if len(data) == 7:
        events.measurements(device, {"batteryLevel": data[0]}, event_date=moment(data[1:].hex()))
        return
    while data:
        end = 1 + data[0]
        location(data[1:end], device, events)
        data = data[end:]


def moment(digits: str):
    """YYMMDDHHMMSS; None where it is no date, as before the first fix."""
    try:
        return datetime.strptime(digits, "%y%m%d%H%M%S").replace(tzinfo=ZONE)
    except ValueError:
        return None


def answer(kind: int, body: bytes, asked: bytes, start: int, size: int, state) -> bytes:
    """A message to the terminal that `asked` comes from, in the same edition's form."""
    own = state.get("serial", 0)
    state["serial"] = (own + 1) & 0xFFFF
    flags = len(body) | (0x4000 if size == 10 else 0)
    head = kind.to_bytes(2, "big") + flags.to_bytes(2, "big") + asked[4 : start + size] + own.to_bytes(2, "big")
    data = head + body
    data += bytes([xor(data)])
    return b"\x7e" + data.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"


def xor(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value
