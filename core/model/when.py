"""Moments as people write them for `--since` and `--until`."""

import re
from datetime import UTC, datetime, timedelta

from core.model.dates import date_milliseconds, date_text, parse_date

_AGO = re.compile(r"(\d{1,9})\s*([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_when(text: str, now: datetime) -> datetime:
    """An aware UTC datetime from `10m`, `2h`, `3d` (that long before `now`), a date (its midnight where `now` is) or an
    RFC 3339 time; ValueError with a sentence if it is none."""
    written = text.strip()
    try:
        if match := _AGO.fullmatch(written):
            return (now - timedelta(**{_UNITS[match[2]]: int(match[1])})).astimezone(UTC)
        if _DAY.fullmatch(written):
            return datetime.fromisoformat(written).replace(tzinfo=now.tzinfo or UTC).astimezone(UTC)
        return parse_date(written).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is no time: write 10m, 2h, 3d, a date as 2026-08-01, or a time as 2026-08-01T14:02:11Z"
        raise ValueError(message) from error


def when_text(text: str, now: datetime) -> str:
    """The same as dates are written over the control protocol."""
    return date_text(date_milliseconds(parse_when(text, now)))
