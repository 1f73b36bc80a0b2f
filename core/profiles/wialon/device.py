"""A simulated Wialon IPS 2 tracker: logs in, pings, then sends an extended message a fix."""

from collections.abc import Iterable, Iterator
from datetime import UTC

from core.profiles.fix import Fix


def exchanges(device: str, fixes: Iterable[Fix]) -> Iterator[tuple[bytes, bytes]]:
    """See `core.profiles.fix.Exchanges`."""
    yield _message("L", f"2.0;{device};NA;"), b"#AL#1\r\n"
    yield b"#P#\r\n", b"#AP#\r\n"
    for fix in fixes:
        yield _message("D", _fields(fix)), b"#AD#1\r\n"


def _message(kind: str, body: str) -> bytes:
    return f"#{kind}#{body}{crc16(body.encode()):04X}\r\n".encode()


def _fields(fix: Fix) -> str:
    time = fix.time.astimezone(UTC).strftime("%d%m%y;%H%M%S")
    latitude = f"{_minutes(fix.latitude, 2)};{'N' if fix.latitude >= 0 else 'S'}"
    longitude = f"{_minutes(fix.longitude, 3)};{'E' if fix.longitude >= 0 else 'W'}"
    motion = f"{round(fix.speed)};{round(fix.course) % 360};{round(fix.altitude)};{fix.satellites}"
    return f"{time};{latitude};{longitude};{motion};NA;NA;NA;;NA;batteryLevel:1:{fix.battery};"


def _minutes(degrees: float, width: int) -> str:
    """Degrees, `width` digits, and minutes with five decimals."""
    whole, rest = divmod(round(abs(degrees) * 60 * 100_000), 6_000_000)
    return f"{whole:0{width}}{rest // 100_000:02}.{rest % 100_000:05}"


def crc16(data: bytes) -> int:
    """CRC-16/ARC."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value
