"""Decodes GT06 trackers: 78 78 or 79 79, a length, a type, what it says, a serial, a checksum, 0d 0a.

Only the login names the device. Logins, heartbeats and alarms are answered with their serial, a question for the time
with the time. Speed is in km/h, course in degrees, voltages in volts; the battery is a percentage where it is called
batteryLevel. What is not decoded here is kept with its bytes and makes no event.
"""

from datetime import UTC, datetime

LOGIN, HEARTBEATS, ALARMS = 0x01, (0x13, 0x23), (0x16, 0x26, 0x27)
LOCATIONS = (0x10, 0x12, 0x22, 0x32, *ALARMS)
NAMES = {
    0x01: "sos",
    0x02: "powerCut",
    0x03: "vibration",
    0x04: "geofenceEnter",
    0x05: "geofenceExit",
    0x06: "overspeed",
    0x09: "vibration",
    0x0E: "lowPower",
    0x0F: "lowBattery",
    0x13: "tampering",
    0x14: "door",
    0x19: "lowBattery",
    0x25: "tampering",
    0x90: "hardAcceleration",
}
STATUS_ALARMS = {1: "vibration", 2: "powerCut", 3: "lowBattery", 4: "sos", 7: "removing"}  # bits 3 to 5 of a status


def decode(payload: bytes, metadata: dict, events, logger, state, respond) -> None:
    size = 3 if payload[:2] == b"\x78\x78" else 4  # bytes before the type
    checked, crc = payload[2:-4], int.from_bytes(payload[-4:-2], "big")
    if crc16(checked) != crc:
        raise ValueError(f"the checksum is {crc:04x}, and {crc16(checked):04x} would be right")
    kind, data, serial = payload[size], payload[size + 1 : -6], payload[-6:-4]
    if kind == LOGIN:
        state["device"] = data[:8].hex().lstrip("0")
    if kind == LOGIN or kind in HEARTBEATS or kind in ALARMS:
        respond(message(kind, b"", serial))
    elif kind == 0x8A:
        now = datetime.now(UTC)
        respond(message(kind, bytes([now.year % 100, now.month, now.day, now.hour, now.minute, now.second]), serial))
    if kind in (LOGIN, 0x8A):
        return
    if "device" not in state:
        raise ValueError("it has not logged in")
    device = state["device"]
    if kind in LOCATIONS and len(data) >= 18:
        located(kind, data, device, events, logger)
    elif kind == 0xA4 and len(data) >= 19:  # an alarm with 4G cells, as long as the byte before them says
        when = location(data, device, events)
        status(data[18 + data[18] :], device, when, events)
    elif kind == 0x34 and len(data) >= 22:
        location(data[4:], device, events)
    elif kind == 0x36:
        extended(data, device, events)
    elif kind == 0x70:
        modules(data, device, events)
    elif kind in HEARTBEATS and len(data) == 5:
        status(data, device, None, events)
    elif kind == 0x94:
        information(data, device, events)
    elif kind == 0x95 and len(data) == 7:
        alarm(data[6], device, moment(data), events)
    elif kind == 0x15:  # the answer to a command
        text(data[5:-2], device, events)
    elif kind == 0x9B:  # what is wired to it says
        text(data[1:], device, events)
    elif data:
        logger.info("messages of type %#04x are not decoded", kind)


def located(kind: int, data: bytes, device: str, events, logger) -> None:
    when = location(data, device, events)
    if when is None:
        logger.info("a message of type %#04x in another layout is not decoded", kind)
    elif kind in ALARMS:
        status(data[-5:], device, when, events)
    elif kind == 0x22 and len(data) >= 28:
        cell = 9 if data[18] & 0x80 else 8  # bytes; a network of three digits takes one more
        events.measurements(device, {"ignition": data[18 + cell]}, event_date=when)


def location(data: bytes, device: str, events):
    """Date, satellites, latitude, longitude, speed, and course with flags. Gives the date; None where it is none."""
    when = moment(data)
    if when is not None:
        position(data[6] & 15, None, data[7:18], device, when, events)
    return when


def position(satellites: int, altitude, data: bytes, device: str, when, events) -> None:
    flags = int.from_bytes(data[9:11], "big")
    latitude = int.from_bytes(data[:4], "big") / 1_800_000 * (1 if flags & 0x0400 else -1)
    longitude = int.from_bytes(data[4:8], "big") / 1_800_000 * (-1 if flags & 0x0800 else 1)
    if latitude or longitude:
        valid = {} if flags & 0x1000 else {"valid": "false"}
        events.location(device, latitude, longitude, altitude, event_date=when, metadata=valid)
        values = {"speed": data[8], "course": flags & 0x03FF, "satellites": satellites}
        events.measurements(device, values, event_date=when)


def status(data: bytes, device: str, when, events) -> None:
    """A status, the battery, the network, and an alarm; in a heartbeat the alarm is among the status's bits alone."""
    level = data[1] * 100 // 6 if data[1] <= 6 else data[1]  # six steps, or a percentage
    values = {"ignition": data[0] >> 1 & 1, "batteryLevel": min(level, 100)}
    if data[2] <= 4:  # bars; other firmware has something else here
        values["gsm"] = data[2]
    events.measurements(device, values, event_date=when)
    if when is None:
        return
    if data[3]:
        alarm(data[3], device, when, events)
    elif data[0] >> 3 & 7 in STATUS_ALARMS:
        name = STATUS_ALARMS[data[0] >> 3 & 7]
        events.alert(device, name, f"status {data[0]:#04x}", level="Warning", event_date=when)


def alarm(code: int, device: str, when, events) -> None:
    events.alert(device, NAMES.get(code, "alarm"), f"alarm {code:#04x}", level="Warning", event_date=when)


def extended(data: bytes, device: str, events) -> None:
    """A status with parts of one length byte each, or a location whose battery stands behind the cells."""
    if len(data) >= 40:
        when = location(data, device, events)
        events.measurements(device, {"battery": data[36] / 10}, event_date=when)
        return
    values = {"batteryLevel": data[1] * 100 // 6} if data[1] <= 6 else {}
    for kind, value in parts(data[5:], 1):
        if kind == 0x0018:
            values["battery"] = int.from_bytes(value, "big") / 100
    events.measurements(device, values)


def modules(data: bytes, device: str, events) -> None:
    """Parts of two length bytes each: 33 the position, 18 the battery's voltage, 35 an alarm."""
    when, values, alarms = None, {}, []
    for kind, value in parts(data[5:], 2):
        number = int.from_bytes(value, "big")
        if kind == 0x0033 and len(value) >= 18:
            when = datetime.fromtimestamp(int.from_bytes(value[:4], "big"), UTC)
            altitude = int.from_bytes(value[5:7], "big", signed=True)
            position(value[4], altitude, value[7:18], device, when, events)
        elif kind == 0x0018:
            values["battery"] = number / 100
        elif kind == 0x0035 and number:
            alarms.append("removing" if number == 1 else f"alarm {number}")
    if values:
        events.measurements(device, values, event_date=when)
    for name in alarms:
        events.alert(device, name, "it says so", level="Warning", event_date=when)


def parts(data: bytes, width: int):
    """Types of two bytes with their values; `width` is that of the lengths between."""
    while len(data) > 2 + width:
        end = 2 + width + int.from_bytes(data[2 : 2 + width], "big")
        yield int.from_bytes(data[:2], "big"), data[2 + width : end]
        data = data[end:]


def information(data: bytes, device: str, events) -> None:
    """Its own kind first: the voltage outside, the SIM card, a thermometer, or text."""
    kind, data = data[0], data[1:]
    if kind in (0x00, 0x0B):
        events.measurements(device, {"power": int.from_bytes(data[:2], "big") / 100})
    elif kind == 0x0A:
        events.measurements(device, {}, metadata={"imsi": data[8:16].hex().lstrip("0"), "iccid": iccid(data[16:26])})
    elif kind == 0x1E:
        temperature, humidity = (int.from_bytes(each, "big", signed=True) / 10 for each in (data[:4], data[4:8]))
        events.measurements(device, {"temperature": temperature, "humidity": humidity})
    elif kind == 0x0D:
        text(data, device, events)


def iccid(data: bytes) -> str:
    return data.hex().rstrip("f")


def text(data: bytes, device: str, events) -> None:
    said = "".join(char for char in data.decode("ascii", "replace") if char.isprintable())
    events.alert(device, "text", said)


def moment(data: bytes):
    """Six bytes, year to second, in UTC; None where they are no date."""
    try:
        return datetime(2000 + data[0], *data[1:6], tzinfo=UTC)
    except ValueError:
        return None


def message(kind: int, data: bytes, serial: bytes) -> bytes:
    body = bytes([len(data) + 5, kind]) + data + serial
    return b"\x78\x78" + body + crc16(body).to_bytes(2, "big") + b"\r\n"


def crc16(data: bytes) -> int:
    """CRC-16/X-25."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value ^ 0xFFFF
