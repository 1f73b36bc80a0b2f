"""A simulated GPS103 tracker: logs in, sends a heartbeat, then a `tracker` text a fix."""

from collections.abc import Iterable, Iterator
from datetime import UTC

from core.profiles.fix import Fix

KNOT = 1.852  # km/h


def exchanges(device: str, fixes: Iterable[Fix]) -> Iterator[tuple[bytes, bytes]]:
    """See `core.profiles.fix.Exchanges`. The device's digits are filled up to the 15 of an IMEI; it lives in UTC."""
    imei = device.zfill(15)
    yield f"##,imei:{imei},A;".encode(), b"LOAD"
    yield f"{imei};".encode(), b"ON"
    for fix in fixes:
        yield _position(imei, fix), b""


def _position(imei: str, fix: Fix) -> bytes:
    now = fix.time.astimezone(UTC)
    latitude = f"{_minutes(fix.latitude, 2)},{'N' if fix.latitude >= 0 else 'S'}"
    longitude = f"{_minutes(fix.longitude, 3)},{'E' if fix.longitude >= 0 else 'W'}"
    motion = f"{fix.speed / KNOT:.2f},{round(fix.course) % 360},{round(fix.altitude)}"
    local = f"{now:%y%m%d%H%M%S}"
    return f"imei:{imei},tracker,{local},{fix.battery}%,F,{now:%H%M%S}.000,A,{latitude},{longitude},{motion};".encode()


def _minutes(degrees: float, width: int) -> str:
    """Degrees, `width` digits, and minutes with four decimals."""
    whole, rest = divmod(round(abs(degrees) * 60 * 10_000), 600_000)
    return f"{whole:0{width}}{rest // 10_000:02}.{rest % 10_000:04}"
