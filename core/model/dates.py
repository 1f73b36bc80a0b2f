"""Dates as Tidegate writes them: UTC, milliseconds, `Z`."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def date_text(milliseconds: int) -> str:
    """`milliseconds` since the epoch as `2015-02-11T10:33:00.578Z`."""
    whole, rest = divmod(milliseconds, 1000)
    moment = _EPOCH + timedelta(seconds=whole)
    return f"{moment.replace(tzinfo=None).isoformat()}.{rest:03d}Z"


def now_text() -> str:
    """This moment, as dates are written."""
    return date_text(time.time_ns() // 1_000_000)


def date_milliseconds(moment: datetime) -> int:
    """Milliseconds since the epoch; a naive `moment` is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def parse_date(text: str) -> datetime:
    """An aware datetime from ISO 8601 text, in UTC where it names no offset; ValueError if it is none."""
    moment = datetime.fromisoformat(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
