"""What a script knows as `events`: makes device events of plain values, and refuses what is none, by name."""

import math
from collections.abc import Mapping as MappingOf
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast, get_args

from core.catalogue.decoding import DecodeFailed
from core.model.dates import date_milliseconds, date_text, parse_date
from core.model.events import (
    Alert,
    AlertLevel,
    AlertSource,
    CommandResponse,
    Event,
    Location,
    Mapping,
    Measurements,
    Registration,
    StateChange,
    Stream,
    StreamData,
)

_INFINITY = math.inf
_EXACT = 1 << 53
"""Below it every whole number is a float."""

Device = str | int
Date = datetime | str | int | float
Shared = dict[str, Any]  # the optional fields of every event, as keyword arguments


class ScriptEvents:
    """The events of one request, in the order in which the script made them.

    Every method takes `event_date`, `alternate_id`, `metadata` and `originator` besides its own arguments, and fails
    the request where a value is not what it should be.
    """

    __slots__ = ("_most", "made")

    def __init__(self, most: int) -> None:
        self.made: list[Event] = []
        self._most = most

    def __len__(self) -> int:
        return len(self.made)

    def _add(self, event: Event) -> None:
        if len(self.made) >= self._most:
            raise DecodeFailed(f"more than {self._most:,} events of one request")
        self.made.append(event)

    def measurements(self, device: Device, values: MappingOf[str, Any], **shared: Any) -> None:
        """Named numbers: int, float, bool or Decimal."""
        if not isinstance(values, (dict, MappingOf)):  # pyright: ignore[reportUnnecessaryIsInstance]  # scripts are untyped
            raise DecodeFailed(f"measurements are {_kind(values)}, not a dict of numbers")
        numbers: dict[str, float] = {}
        for name, value in values.items():
            kind = cast("type[object]", type(value))
            if type(name) is not str:
                numbers[_text("a measurement's name", name)] = number(name, value)
            elif kind is float and -_INFINITY < value < _INFINITY:
                numbers[name] = value
            elif kind is int and -_EXACT < value < _EXACT:
                numbers[name] = float(value)
            else:
                numbers[name] = number(name, value)
        if shared:
            self._add(Measurements(hardware_id=hardware_id(device), measurements=numbers, **_shared(shared)))
        else:
            self._add(Measurements(hardware_id=hardware_id(device), measurements=numbers))

    def location(self, device: Device, latitude: Any, longitude: Any, elevation: Any = None, **shared: Any) -> None:
        """A position in degrees, with metres of elevation."""
        self._add(
            Location(
                hardware_id=hardware_id(device),
                latitude=number("latitude", latitude),
                longitude=number("longitude", longitude),
                elevation=None if elevation is None else number("elevation", elevation),
                **_shared(shared),
            )
        )

    def alert(
        self,
        device: Device,
        type: str,
        message: str,
        level: AlertLevel = "Info",
        source: AlertSource = "Device",
        **shared: Any,
    ) -> None:
        self._add(
            Alert(
                hardware_id=hardware_id(device),
                type=_text("type", type),
                message=_text("message", message),
                level=_one_of("level", level, get_args(AlertLevel)),
                source=_one_of("source", source, get_args(AlertSource)),
                **_shared(shared),
            )
        )

    def register(
        self, device: Device, specification: str | None = None, site: str | None = None, **shared: Any
    ) -> None:
        self._add(
            Registration(
                hardware_id=hardware_id(device),
                specification_token=_optional_text("specification", specification),
                site_token=_optional_text("site", site),
                **_shared(shared),
            )
        )

    def acknowledge(
        self, device: Device, originating_event_id: str, response: str | None = None, **shared: Any
    ) -> None:
        """The device's answer to a command."""
        self._add(
            CommandResponse(
                hardware_id=hardware_id(device),
                originating_event_id=_text("originating_event_id", originating_event_id),
                response=_optional_text("response", response),
                **_shared(shared),
            )
        )

    def state_change(
        self,
        device: Device,
        category: str,
        type: str,
        previous: str | None = None,
        new: str | None = None,
        data: MappingOf[str, Any] | None = None,
        **shared: Any,
    ) -> None:
        self._add(
            StateChange(
                hardware_id=hardware_id(device),
                category=_text("category", category),
                type=_text("type", type),
                previous_state=_optional_text("previous", previous),
                new_state=_optional_text("new", new),
                data=texts("data", data or {}),
                **_shared(shared),
            )
        )

    def stream(self, device: Device, stream_id: str, content_type: str | None = None, **shared: Any) -> None:
        self._add(
            Stream(
                hardware_id=hardware_id(device),
                stream_id=_text("stream_id", stream_id),
                content_type=_optional_text("content_type", content_type),
                **_shared(shared),
            )
        )

    def stream_data(self, device: Device, stream_id: str, sequence_number: Any, data: Any, **shared: Any) -> None:
        if isinstance(sequence_number, bool) or not isinstance(sequence_number, int):
            raise DecodeFailed(f"sequence_number is {_kind(sequence_number)}, not a whole number")
        if not -(1 << 63) <= sequence_number < 1 << 63:
            raise DecodeFailed(f"sequence_number is {sequence_number}, which is too large")
        if not isinstance(data, (bytes, bytearray)):
            raise DecodeFailed(f"data is {_kind(cast('object', data))}, not bytes")
        self._add(
            StreamData(
                hardware_id=hardware_id(device),
                stream_id=_text("stream_id", stream_id),
                sequence_number=sequence_number,
                data=bytes(data),
                **_shared(shared),
            )
        )

    def map_device(self, device: Device, composite: str, path: str, **shared: Any) -> None:
        """Puts a device into a composite device."""
        self._add(
            Mapping(
                hardware_id=hardware_id(device),
                composite_device_hardware_id=hardware_id(composite),
                mapping_path=_text("path", path),
                **_shared(shared),
            )
        )


def hardware_id(device: object) -> str:
    """A device's hardware id as text; DecodeFailed where it is neither text nor a whole number."""
    if type(device) is str and device:
        return device
    return _token("the device's hardware id", device)


def _token(name: str, value: object) -> str:
    if isinstance(value, str):
        if value:
            return value
        raise DecodeFailed(f"{name} is empty")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise DecodeFailed(f"{name} is {_kind(value)}, not text or a whole number")


def number(name: object, value: object) -> float:
    """A finite float; DecodeFailed, naming the key, where it is none."""
    if type(value) is float and -_INFINITY < value < _INFINITY:
        return value
    if isinstance(value, (int, float, Decimal)):
        try:
            result = float(value)
        except (OverflowError, ValueError):  # the latter: a signalling NaN
            result = math.nan
        if math.isfinite(result):
            return result
        raise DecodeFailed(f"{name!s} is {value}, which is no finite number")
    raise DecodeFailed(f"{name!s} is {_kind(value)}, not a number")


def texts(name: str, values: object) -> dict[str, str]:
    """A dict of texts; numbers and booleans in it become their text."""
    if not isinstance(values, MappingOf):
        raise DecodeFailed(f"{name} is {_kind(values)}, not a dict")
    result: dict[str, str] = {}
    for key, value in cast("MappingOf[object, object]", values).items():
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not isinstance(value, (str, int, float, Decimal)):
            raise DecodeFailed(f"{name} {key!s} is {_kind(value)}, not text")
        result[str(key)] = str(value)
    return result


def event_date(value: object) -> str:
    """An event's date as Tidegate writes it, from a datetime, epoch milliseconds or ISO 8601 text."""
    try:
        if isinstance(value, datetime):
            return date_text(date_milliseconds(value))
        if isinstance(value, str):
            return date_text(date_milliseconds(parse_date(value)))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return date_text(date_milliseconds(datetime.fromtimestamp(value / 1000, UTC)))
    except (ValueError, OverflowError, OSError):
        raise DecodeFailed(f"event_date {value!r} is no date") from None
    raise DecodeFailed(f"event_date is {_kind(value)}, not a datetime, epoch milliseconds or ISO 8601 text")


def _shared(given: Shared) -> Shared:
    if not given:
        return given
    made: Shared = {}
    for name, value in given.items():
        match name:
            case "event_date":
                made[name] = event_date(value) if value is not None else ""
            case "alternate_id" | "originator":
                made[name] = None if value is None else _token(name, value)
            case "metadata":
                made[name] = texts(name, value or {})
            case _:
                raise DecodeFailed(f"events know no {name}: event_date, alternate_id, metadata, originator")
    return made


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise DecodeFailed(f"{name} is {_kind(value)}, not text")


def _optional_text(name: str, value: object) -> str | None:
    return None if value is None else _text(name, value)


def _one_of(name: str, value: Any, allowed: tuple[str, ...]) -> Any:
    if value in allowed:
        return value
    raise DecodeFailed(f"{name} {value!r} is none of {', '.join(allowed)}")


def _kind(value: object) -> str:
    names: dict[type, str] = {str: "text", bytes: "bytes", type(None): "None", dict: "a dict", list: "a list"}
    return names.get(type(value), type(value).__name__)
