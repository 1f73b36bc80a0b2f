"""Reading single fields, as lenient as SiteWhere: numbers may come as text, texts as numbers, enums by their place."""

import json
from email.utils import parsedate_to_datetime
from typing import Any

from core.catalogue.decoding import DecodeFailed
from core.model.dates import date_milliseconds, date_text
from core.scripting.events import event_date, number, texts

Json = dict[str, Any]

EVENT_FIELDS = {"alternateId", "eventDate", "updateState", "metadata"}
"""What every event may have."""


def first_value(payload: bytes) -> Any:
    """The first JSON value; bytes after it are not looked at."""
    try:
        text = payload.decode("utf-8").lstrip(" \t\r\n\ufeff")
        value, _ = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text)
    except UnicodeDecodeError as error:
        raise DecodeFailed(f"the payload is not UTF-8 at byte {error.start}") from None
    except ValueError as error:  # also a number of more digits than Python reads
        raise DecodeFailed(f"the payload is not JSON: {error}") from None
    except RecursionError:
        raise DecodeFailed("the payload is not JSON: it is nested too deeply") from None
    return value


def _no_constant(name: str) -> float:
    raise DecodeFailed(f"the payload is not JSON: {name}")


def as_text(name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raise DecodeFailed(f"{name} is not text.")


def known(request: Json, fields: set[str], of: str = "this request") -> None:
    for key in request:
        if key not in fields:
            raise DecodeFailed(f"{key!r} is no field of {of}: {', '.join(sorted(fields))}")


def event_fields(request: Json) -> Json:
    """What every event has, as keyword arguments."""
    fields: Json = {}
    if request.get("alternateId") is not None:
        fields["alternate_id"] = as_text("alternateId", request["alternateId"])
    if request.get("eventDate") is not None:
        fields["event_date"] = _date(request["eventDate"])
    if request.get("metadata") is not None:
        fields["metadata"] = texts("metadata", request["metadata"])
    if request.get("updateState") is not None:
        fields["update_state"] = str(request["updateState"]).lower() == "true"
    return fields


def _date(value: object) -> str:
    """ISO 8601, RFC 1123 or epoch milliseconds."""
    if isinstance(value, str) and value[:1].isalpha():
        try:
            return date_text(date_milliseconds(parsedate_to_datetime(value)))
        except ValueError:
            raise DecodeFailed(f"eventDate {value!r} is no date") from None
    if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) > 8:
        value = int(value)
    return event_date(value)


def as_number(name: str, value: object) -> float:
    """Numbers may come as numeric text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise DecodeFailed(f"{name} is {value!r}, not a number") from None
    return number(name, value)


def one_of(name: str, value: object, allowed: tuple[Any, ...], default: Any) -> Any:
    """An enum's name, or its place counted from 0."""
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(allowed):
        return allowed[value]
    if value in allowed:
        return value
    raise DecodeFailed(f"{name} {value!r} is none of {', '.join(allowed)}")
