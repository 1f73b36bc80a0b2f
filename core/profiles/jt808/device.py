"""A simulated JT/T 808 terminal of 2013: registers, authenticates, sends a heartbeat, then a position a frame."""

from collections.abc import Iterable, Iterator
from datetime import timedelta, timezone

from core.profiles.fix import Fix

ZONE = timezone(timedelta(hours=8))
HEARTBEAT, REGISTRATION, AUTHENTICATION, LOCATION = 0x0002, 0x0100, 0x0102, 0x0200
REGISTERED, TAKEN = 0x8100, 0x8001


def exchanges(device: str, fixes: Iterable[Fix]) -> Iterator[tuple[bytes, bytes]]:
    """See `core.profiles.fix.Exchanges`. A terminal has twelve digits: of more the last are taken."""
    device = device[-12:]
    phone = bytes.fromhex(device.zfill(12))
    token = device.lstrip("0").encode()
    model = b"TIDEG" + b"SIM".ljust(20, b"\0") + b"0000001" + b"\x01" + b"SIM-0001"
    registered = message(REGISTERED, phone, 0, (0).to_bytes(2, "big") + b"\0" + token)
    yield message(REGISTRATION, phone, 0, (0).to_bytes(4, "big") + model), registered
    said = [(AUTHENTICATION, token), (HEARTBEAT, b"")]
    for serial, (kind, body) in enumerate(said, 1):
        yield message(kind, phone, serial, body), _taken(kind, phone, serial)
    for number, fix in enumerate(fixes, len(said) + 1):
        serial = number & 0xFFFF
        yield message(LOCATION, phone, serial, _location(fix)), _taken(LOCATION, phone, serial)


def _taken(kind: int, phone: bytes, serial: int) -> bytes:
    """The answer, whose own serial counts the answers and so equals the serial of what it answers."""
    return message(TAKEN, phone, serial, serial.to_bytes(2, "big") + kind.to_bytes(2, "big") + b"\0")


def _location(fix: Fix) -> bytes:
    status = int(fix.speed > 0) | 2 | (4 if fix.latitude < 0 else 0) | (8 if fix.longitude < 0 else 0)
    place = b"".join(round(abs(degrees) * 1e6).to_bytes(4, "big") for degrees in (fix.latitude, fix.longitude))
    motion = (
        round(fix.altitude).to_bytes(2, "big", signed=True)
        + round(fix.speed * 10).to_bytes(2, "big")
        + (round(fix.course) % 360).to_bytes(2, "big")
    )
    time = bytes.fromhex(fix.time.astimezone(ZONE).strftime("%y%m%d%H%M%S"))
    details = bytes([0x31, 1, fix.satellites, 0xE4, 1, fix.battery])
    return bytes(4) + status.to_bytes(4, "big") + place + motion + time + details


def message(kind: int, phone: bytes, serial: int, body: bytes) -> bytes:
    """A message as it goes over the wire."""
    data = kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + phone + serial.to_bytes(2, "big") + body
    check = 0
    for byte in data:
        check ^= byte
    data += bytes([check])
    return b"\x7e" + data.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"
