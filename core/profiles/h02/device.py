"""A simulated H02 tracker: a heartbeat with the battery, then a V1 text a fix."""

from collections.abc import Iterable, Iterator
from datetime import UTC

from core.profiles.fix import Fix

KNOT = 1.852  # km/h


def exchanges(device: str, fixes: Iterable[Fix]) -> Iterator[tuple[bytes, bytes]]:
    """See `core.profiles.fix.Exchanges`. Every message names the device: there is no login."""
    upcoming = iter(fixes)
    first = next(upcoming, None)
    yield f"*HQ,{device},HTBT,{100 if first is None else first.battery}#".encode(), f"*HQ,{device},HTBT#".encode()
    if first is not None:
        yield _position(device, first), b""
    for fix in upcoming:
        yield _position(device, fix), b""


def _position(device: str, fix: Fix) -> bytes:
    now = fix.time.astimezone(UTC)
    latitude = f"{_minutes(fix.latitude, 2)},{'N' if fix.latitude >= 0 else 'S'}"
    longitude = f"{_minutes(fix.longitude, 3)},{'E' if fix.longitude >= 0 else 'W'}"
    motion = f"{fix.speed / KNOT:06.2f},{round(fix.course) % 360:03}"
    return f"*HQ,{device},V1,{now:%H%M%S},A,{latitude},{longitude},{motion},{now:%d%m%y},FFFFFBFF#".encode()


def _minutes(degrees: float, width: int) -> str:
    """Degrees, `width` digits, and minutes with four decimals."""
    whole, rest = divmod(round(abs(degrees) * 60 * 10_000), 600_000)
    return f"{whole:0{width}}{rest // 10_000:02}.{rest % 10_000:04}"
