"""Values of settings: read from a TOML table, with every fault at once where msgspec alone would stop at the first;
read from what people type; checked, and written."""

import re
import typing
from collections.abc import Mapping
from typing import Any

import msgspec

from core.catalogue.secrets import parse_secret, secret_problem, secret_text
from core.catalogue.settings import Setting, Settings, Value, describe
from core.catalogue.units import Duration, Size
from core.errors import Fault
from core.model.nearest import nearest

S = typing.TypeVar("S", bound=msgspec.Struct)


def read_settings(kind: type[S], table: Mapping[str, object], *, path: str = "") -> tuple[S | None, list[Fault]]:
    """`table` as settings, or every fault in it. The caller adds file and line to the faults."""
    known = describe(kind)
    faults: list[Fault] = []
    values: dict[str, object] = {}
    for key, value in table.items():
        if key not in known:
            near = nearest(key, known)
            hint = f"; did you mean {near}?" if near else f"; known here: {', '.join(known)}"
            faults.append(Fault(path=path, key=key, message=f"is not a setting{hint}"))
            continue
        problem = check_value(known[key], value)
        if problem:
            faults.append(Fault(path=path, key=key, message=problem))
        values[key] = value
    for key, row in known.items():
        if row.required and key not in table:
            faults.append(Fault(path=path, key=key, message=f"is required: {row.description or row.title}"))
    if faults:
        return None, faults
    made = msgspec.convert(values, kind, dec_hook=_from_text)
    if isinstance(made, Settings):
        faults = [Fault(path=path, key=key, message=message) for key, message in made.problems()]
    return (None, faults) if faults else (made, [])


def _from_text(kind: type, value: Any) -> object:  # msgspec calls it with whatever the table holds
    if kind is Size:
        return Size(value)
    if kind is Duration:
        return Duration(value)
    raise TypeError(f"no setting is read as {kind}")


def check_value(setting: Setting, value: object) -> str | None:
    """What is wrong with `value` for this setting, in a sentence without a subject; None where it fits."""
    problem = _wrong_kind(setting, value)
    if problem:
        return problem
    if setting.choices and value not in setting.choices:
        near = nearest(str(value), setting.choices)
        hint = f"; did you mean {near}?" if near else ""
        return f"{value!r} is none of {', '.join(setting.choices)}{hint}"
    return _unmatched(setting, value) or _out_of_bounds(setting, value)


def _unmatched(setting: Setting, value: object) -> str | None:
    """What does not match the pattern, or the setting's own check: a text, or one of a list's."""
    items = typing.cast("list[object]", value) if isinstance(value, list) else [value]
    for item in items:
        if setting.pattern and isinstance(item, str) and not re.fullmatch(setting.pattern, item):
            return f"{item!r} {setting.pattern_help or 'does not match ' + setting.pattern}"
        if setting.check is not None and (problem := setting.check(str(item))):
            return problem
    return None


def _wrong_kind(setting: Setting, value: object) -> str | None:
    match setting.kind:
        case "text" | "script" | "choice":
            return None if isinstance(value, str) else f"{value!r} is not text"
        case "boolean":
            return None if isinstance(value, bool) else f"{value!r} is neither true nor false"
        case "integer":
            whole = isinstance(value, int) and not isinstance(value, bool)
            return None if whole else f"{value!r} is not a whole number"
        case "number":
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return None if number else f"{value!r} is not a number"
        case "list":
            items = typing.cast("list[object]", value) if isinstance(value, list) else [0]
            return None if all(isinstance(item, str) for item in items) else f"{value!r} is not a list of texts"
        case "secret":
            return secret_problem(value)
        case "size" | "duration":
            if not isinstance(value, str):
                example = "64 KiB" if setting.kind == "size" else "10 s"
                return f'{value!r} has no unit: write it as text, as in "{example}"'
            try:
                _measure(setting, value)
            except ValueError as error:
                return str(error)
            return None


def _measure(setting: Setting, value: object) -> float:
    if setting.kind == "size":
        return float(Size(str(value)))
    if setting.kind == "duration":
        return float(Duration(str(value)))
    return float(value) if isinstance(value, (int, float)) else 0.0


def _out_of_bounds(setting: Setting, value: object) -> str | None:
    if setting.minimum is None and setting.maximum is None:
        return None
    measured = _measure(setting, value)
    if setting.minimum is not None and measured < setting.minimum:
        return f"{value} is less than {bound_text(setting, setting.minimum)}"
    if setting.maximum is not None and measured > setting.maximum:
        return f"{value} is more than {bound_text(setting, setting.maximum)}"
    return None


def bound_text(setting: Setting, bound: float) -> str:
    """A bound in the setting's own way of writing."""
    if setting.kind == "size":
        return str(Size(int(bound)))
    if setting.kind == "duration":
        return str(Duration(bound))
    return f"{bound:g}" if bound < 1e6 else str(int(bound))


def parse_text(setting: Setting, text: str) -> Value:
    """What a person typed into a form or behind `key=` as the value TOML holds; ValueError says what is wrong."""
    text = text.strip()
    match setting.kind:
        case "boolean":
            if text.lower() not in ("true", "false"):
                raise ValueError(f"{text!r} is neither true nor false")
            return text.lower() == "true"
        case "integer":
            try:
                return int(text)
            except ValueError:
                raise ValueError(f"{text!r} is not a whole number" if text else "a number is needed") from None
        case "number":
            try:
                return float(text)
            except ValueError:
                raise ValueError(f"{text!r} is not a number" if text else "a number is needed") from None
        case "list":
            return [part.strip() for part in text.split(",") if part.strip()]
        case "secret":
            return parse_secret(text)
        case _:
            return text


def value_text(value: Value | None) -> str:
    """A value as a form shows it and `parse_text` reads it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return secret_text(value)
    return str(value)


def shown_text(setting: Setting, value: object) -> str:
    """What a parsed TOML holds for a setting, as `value_text`; empty where a form could not show it, or must not."""
    if setting.kind == "secret":
        return secret_text(value)
    if isinstance(value, list):
        return value_text([str(item) for item in typing.cast("list[object]", value)])
    return value_text(value) if isinstance(value, (str, int, float, bool)) else ""


def check_text(setting: Setting, text: str) -> str | None:
    """What is wrong with what was typed, for the place beside the field; None where it fits."""
    if not text.strip():
        return f"{setting.title} is required" if setting.required else None
    try:
        return check_value(setting, parse_text(setting, text))
    except ValueError as error:
        return str(error)
