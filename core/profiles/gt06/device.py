"""A simulated GT06 tracker: logs in, sends a heartbeat, then a location a frame."""

from collections.abc import Iterable, Iterator
from datetime import UTC

from core.profiles.fix import Fix

LOGIN, HEARTBEAT, LOCATION = 0x01, 0x13, 0x22


def exchanges(device: str, fixes: Iterable[Fix]) -> Iterator[tuple[bytes, bytes]]:
    """See `core.profiles.fix.Exchanges`. The heartbeat tells how the battery did at the first fix."""
    upcoming = iter(fixes)
    first = next(upcoming, None)
    login, beat = (serial.to_bytes(2, "big") for serial in (1, 2))
    yield message(LOGIN, bytes.fromhex(device[-16:].zfill(16)), login), message(LOGIN, b"", login)
    steps = 6 if first is None else first.battery * 6 // 100
    yield message(HEARTBEAT, bytes([0x46, steps, 4, 0, 2]), beat), message(HEARTBEAT, b"", beat)
    if first is None:
        return
    yield message(LOCATION, _location(first), (3).to_bytes(2, "big")), b""
    for number, fix in enumerate(upcoming, 4):
        yield message(LOCATION, _location(fix), (number & 0xFFFF).to_bytes(2, "big")), b""


def _location(fix: Fix) -> bytes:
    now = fix.time.astimezone(UTC)
    time = bytes([now.year % 100, now.month, now.day, now.hour, now.minute, now.second])
    place = b"".join(round(abs(degrees) * 1_800_000).to_bytes(4, "big") for degrees in (fix.latitude, fix.longitude))
    flags = 0x1000 | (0x0400 if fix.latitude >= 0 else 0) | (0x0800 if fix.longitude < 0 else 0)
    flags |= round(fix.course) % 360
    motion = bytes([min(round(fix.speed), 255)]) + flags.to_bytes(2, "big")
    cell = bytes.fromhex("00e601077b00c5d1")  # country, network, area, cell
    return time + bytes([0xC0 | min(fix.satellites, 15)]) + place + motion + cell + bytes([int(fix.speed > 0), 0, 0])


def message(kind: int, data: bytes, serial: bytes) -> bytes:
    """A message, or the answer to one."""
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
