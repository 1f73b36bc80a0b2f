"""A simulated Teltonika tracker: logs in with its IMEI, then sends codec 8, a record a frame."""

from collections.abc import Iterable, Iterator

from core.profiles.fix import Fix


def exchanges(device: str, fixes: Iterable[Fix]) -> Iterator[tuple[bytes, bytes]]:
    """See `core.profiles.fix.Exchanges`."""
    yield len(device).to_bytes(2, "big") + device.encode(), b"\x01"
    yield b"\xff", b""
    for fix in fixes:
        data = bytes([0x08, 1]) + _record(fix) + bytes([1])
        frame = bytes(4) + len(data).to_bytes(4, "big") + data + crc16(data).to_bytes(4, "big")
        yield frame, (1).to_bytes(4, "big")


def _record(fix: Fix) -> bytes:
    time = round(fix.time.timestamp() * 1000).to_bytes(8, "big")
    place = b"".join(round(degrees * 1e7).to_bytes(4, "big", signed=True) for degrees in (fix.longitude, fix.latitude))
    motion = (
        round(fix.altitude).to_bytes(2, "big", signed=True)
        + (round(fix.course) % 360).to_bytes(2, "big")
        + bytes([fix.satellites])
        + round(fix.speed).to_bytes(2, "big")
    )
    elements = bytes([0, 2, 2, 239, int(fix.speed > 0), 113, fix.battery, 0, 0, 0])  # ignition, and the battery
    return time + bytes(1) + place + motion + elements


def crc16(data: bytes) -> int:
    """CRC-16/ARC."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value
