"""Decodes Wialon IPS, versions 1 and 2: `#TYPE#field;field;…`, one message a line.

`#L#` logs in and names the device. Every message is answered as the protocol says, with 0, 10 or 13, 16 where its
checksum is wrong. Speed is in km/h, course in degrees, altitude in metres. Parameters that are numbers are
measurements of their own name; the others are metadata of the measurements.
"""

from datetime import UTC, datetime

WRONG = {"L": "10", "SD": "13", "D": "16"}  # what a wrong checksum is answered
FIELDS = {"SD": 10, "D": 16}  # fields of a message; one more is its checksum


def decode(payload: bytes, metadata: dict, events, logger, state, respond) -> None:
    text = payload.decode("utf-8", "replace")
    if not text.startswith("#") or text.count("#") < 2:
        raise ValueError("it does not begin with #TYPE#")
    kind, body = text[1:].split("#", 1)
    if kind == "L":
        login(body, state, respond)
    elif kind == "P":
        respond("#AP#\r\n")
    elif kind in ("SD", "D", "B", "M"):
        if "device" not in state:
            raise ValueError("it has not logged in")
        message(kind, body, state["device"], events, respond)
    else:
        logger.info("messages of type %s are not decoded", kind)


def login(body: str, state, respond) -> None:
    fields = body.split(";")
    if fields[0].startswith("2.") and len(fields) == 4:
        check("L", body, respond)
        fields = fields[1:]
    if not fields[0]:
        respond("#AL#0\r\n", 400)
        raise ValueError("it names no device")
    state["device"] = fields[0]
    respond("#AL#1\r\n")


def message(kind: str, body: str, device: str, events, respond) -> None:
    if kind == "M":
        events.alert(device, "text", body.partition(";")[0])
        respond("#AM#1\r\n")
        return
    if kind != "B":
        fields = body.split(";")
        if len(fields) > FIELDS[kind]:
            check(kind, body, respond)
        fix(fields[: FIELDS[kind]], device, events)
        respond(f"#A{kind}#1\r\n")
        return
    stored = [each for each in body.split("|") if ";" in each]
    last = body.rpartition("|")[2]
    if last and ";" not in last:  # version 2 has a checksum behind the last |
        check(kind, body, respond)
    for each in stored:
        fix(each.split(";"), device, events)
    respond(f"#AB#{len(stored)}\r\n")


def check(kind: str, body: str, respond) -> None:
    """The checksum of version 2 is hex behind the last separator, over all up to there."""
    place = max(body.rfind(";"), body.rfind("|")) + 1
    right = crc16(body[:place].encode())
    if int(body[place:], 16) != right:
        if kind in WRONG:
            respond(f"#A{kind}#{WRONG[kind]}\r\n", 400)
        raise ValueError(f"the checksum is {body[place:]}, and {right:X} would be right")


def fix(fields: list, device: str, events) -> None:
    """A date, a time and a position, of which each may be NA, and in the longer form what else was measured."""
    fields = [None if field in ("", "NA") else field for field in fields] + [None] * 16
    time = moment(fields[0], fields[1])
    latitude, longitude = degrees(fields[2], fields[3]), degrees(fields[4], fields[5])
    values, details = {}, {}
    if latitude is not None and longitude is not None:
        altitude = None if fields[8] is None else float(fields[8])
        events.location(device, latitude, longitude, altitude, event_date=time)
    names = {6: "speed", 7: "course", 9: "satellites", 10: "hdop", 11: "inputs", 12: "outputs"}
    for place, name in names.items():
        if fields[place] is not None:
            values[name] = float(fields[place])
    for number, value in enumerate((fields[13] or "").split(","), 1):
        if value:
            values[f"adc{number}"] = float(value)
    if fields[14]:
        details["driver"] = fields[14]
    parameters(fields[15] or "", device, time, events, values, details)
    if values or details:
        events.measurements(device, values, event_date=time, metadata=details)


def parameters(text: str, device: str, time, events, values: dict, details: dict) -> None:
    """`name:type:value`, with commas between: numbers are measurements, SOS is an alarm."""
    for each in text.split(","):
        name, _, typed = each.partition(":")
        _, _, value = typed.partition(":")
        if not name or not value:
            continue
        if name == "SOS" and value == "1":
            events.alert(device, "sos", "the SOS button was pressed", level="Critical", event_date=time)
        if value in ("true", "false"):
            values[name] = value == "true"
        else:
            try:
                values[name] = float(value)
            except ValueError:
                details[name] = value


def moment(date, time):
    """DDMMYY and HHMMSS in UTC; None where the device knows no time."""
    if date is None or time is None:
        return None
    return datetime.strptime(date + time.partition(".")[0], "%d%m%y%H%M%S").replace(tzinfo=UTC)


def degrees(text, side):
    """Degrees and minutes, 5544.6025 or 03739.6834, as degrees; south and west are negative."""
    if text is None or side is None:
        return None
    whole, _, part = text.partition(".")
    value = int(whole[:-2] or 0) + float(f"{whole[-2:]}.{part or 0}") / 60
    return -value if side in ("S", "W") else value


def crc16(data: bytes) -> int:
    """CRC-16/ARC."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value
