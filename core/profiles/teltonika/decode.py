"""Decodes Teltonika trackers: codecs 8, 8 Extended and 16, and the texts of codecs 12 and 13.

The device says its IMEI first and is answered 01, or 00 where `accept` says no. Each frame of records is answered with
their number; only then does the device erase them. Speed is in km/h, course in degrees, altitude in metres, voltages
in volts. I/O elements without a name here are measurements `io<id>`, with the number that the device sent.
"""

from datetime import UTC, datetime, timedelta

# I/O elements by id: the measurement's name, and what the number is multiplied by.
ELEMENTS = {
    16: ("odometer", 0.001),  # km
    21: ("gsm", 1),  # bars, 0 to 5
    66: ("power", 0.001),
    67: ("battery", 0.001),
    113: ("batteryLevel", 1),  # percent
    239: ("ignition", 1),
    240: ("movement", 1),
}
SIGNED = {72: "temp1", 73: "temp2", 74: "temp3", 75: "temp4"}  # tenths of a degree Celsius
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def accept(device: str) -> bool:
    """Whether a device may report here: change this to turn devices away."""
    return True


def decode(payload: bytes, metadata: dict, events, logger, state, respond) -> None:
    if payload == b"\xff":
        return  # it only keeps the connection open
    if payload[:4] != bytes(4):
        login(payload, state, respond)
        return
    if "device" not in state:
        raise ValueError("it has not logged in")
    data, crc = payload[8:-4], int.from_bytes(payload[-4:], "big")
    if crc16(data) != crc:
        raise ValueError(f"the checksum is {crc:04x}, and {crc16(data):04x} would be right")
    codec, count = data[0], data[1]
    if codec in (0x0C, 0x0D):
        texts(data, state["device"], events)
        return
    if codec not in (0x08, 0x8E, 0x10):
        raise ValueError(f"codec {codec:#04x} is not known here")
    if data[-1] != count:
        raise ValueError(f"it says {count} records at its beginning and {data[-1]} at its end")
    try:
        found = records(data[2:-1], codec, count, 0)
    except ValueError:
        if codec != 0x08:
            raise
        found = records(data[2:-1], codec, count, 1)  # some firmware ends each record with one byte more
    for each in found:
        report(each, state["device"], events)
    respond(count.to_bytes(4, "big"))


def login(payload: bytes, state, respond) -> None:
    device = payload[2:].decode("ascii")
    if not device.isalnum() or len(device) > 32:
        raise ValueError("what it names itself is no IMEI")
    if not accept(device):
        respond(b"\x00", 400)
        raise ValueError(f"{device} is not accepted")
    state["device"] = device
    respond(b"\x01")


def records(data: bytes, codec: int, count: int, spare: int) -> list:
    """All of a frame's records; `spare` bytes at the end of each are passed over."""
    read, found = Reader(data), []
    for _ in range(count):
        found.append(record(read, codec))
        read.take(spare)
    if read.left():
        raise ValueError(f"{read.left()} bytes are left after {count} records")
    return found


def report(found, device: str, events) -> None:
    time, latitude, longitude, altitude, values, details = found
    if latitude or longitude:
        # Without satellites this is where it was last known to be.
        valid = {} if values["satellites"] else {"valid": "false"}
        events.location(device, latitude, longitude, altitude, event_date=time, metadata=valid)
    events.measurements(device, values, event_date=time, metadata=details)


def record(read, codec: int) -> tuple:
    """One record: a time, a position, and I/O elements."""
    time = EARLIEST + timedelta(milliseconds=read.number(8))
    read.number(1)  # priority
    longitude, latitude = read.signed(4) / 1e7, read.signed(4) / 1e7
    altitude, course, satellites, speed = read.signed(2), read.number(2), read.number(1), read.number(2)
    values = {"speed": speed, "course": course, "satellites": satellites}
    wide = 2 if codec == 0x8E else 1  # bytes of a count
    width = 1 if codec == 0x08 else 2  # bytes of an id
    read.number(width)  # the id of the element that caused the record
    if codec == 0x10:
        read.number(1)  # why it was made
    read.number(wide)  # of all elements
    for size in (1, 2, 4, 8):
        for _ in range(read.number(wide)):
            element(read.number(width), read.take(size), values)
    details = {}
    if codec == 0x8E:
        for _ in range(read.number(2)):
            number, size = read.number(2), read.number(2)
            long_element(number, read.take(size), values, details)
    return time, latitude, longitude, altitude, values, details


def element(number: int, raw: bytes, values: dict) -> None:
    if number in SIGNED:
        values[SIGNED[number]] = int.from_bytes(raw, "big", signed=True) / 10
        return
    name, factor = ELEMENTS.get(number, (f"io{number}", 1))
    values[name] = round(int.from_bytes(raw, "big") * factor, 3)


def long_element(number: int, raw: bytes, values: dict, details: dict) -> None:
    """An element of any length: tags that it hears, or text, or bytes."""
    if number in (548, 10831):
        tags(raw[1:], values, details)
    elif raw.isascii() and raw.decode().isprintable():
        details[f"io{number}"] = raw.decode()
    else:
        details[f"io{number}"] = raw.hex()


def tags(raw: bytes, values: dict, details: dict) -> None:
    """Bluetooth tags, each a length and parameters: type, length, value."""
    tag = 0
    while raw:
        tag += 1
        one, raw = raw[1 : 1 + raw[0]], raw[1 + raw[0] :]
        while len(one) >= 2:
            kind, value = one[0], one[2 : 2 + one[1]]
            one = one[2 + len(value) :]
            if kind == 0x00:
                values[f"tag{tag}Rssi"] = int.from_bytes(value, "big", signed=True)  # dBm
            elif kind == 0x01:
                details[f"tag{tag}Id"] = value.hex()
            elif kind == 0x02 and value[0] & 0x80:
                values[f"tag{tag}Voltage"] = 2000 + value[-1] * 10  # mV
            elif kind == 0x0E:
                values[f"tag{tag}Battery"] = int.from_bytes(value, "big")  # mV


def texts(data: bytes, device: str, events) -> None:
    """What the device, or what is wired to it, says in words."""
    if data[2] not in (0x05, 0x06):
        return
    text = data[7 : 7 + int.from_bytes(data[3:7], "big")]
    if data[0] == 0x0D:
        text = text[8:] if text[:2] == bytes(2) else text[4:]  # when it was said, in milliseconds or seconds
    readable = text.isascii() and text.strip().decode().isprintable()
    events.alert(device, "text", text.strip().decode() if readable else text.hex())


class Reader:
    """Takes numbers off the front of bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, size: int) -> bytes:
        if size > self.left():
            raise ValueError("it ends in the middle of a record")
        self.place += size
        return self.data[self.place - size : self.place]

    def left(self) -> int:
        return len(self.data) - self.place

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big", signed=True)


def crc16(data: bytes) -> int:
    """CRC-16/ARC."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value
