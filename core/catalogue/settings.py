"""Settings: one declaration that gives validation, forms, schema and reference.

A component declares its settings as a `msgspec.Struct` whose fields are annotated with `setting(...)`. From the
annotations come `Setting` rows (for forms and help), and `read_settings`, which checks a TOML table against them
and reports every fault at once, where msgspec alone would stop at the first.
"""

import difflib
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from core.catalogue.contracts import Contract
from core.catalogue.secrets import Secret, parse_secret, secret_problem, secret_text
from core.catalogue.units import Duration, Size
from core.errors import Fault

Kind = Literal["text", "integer", "number", "boolean", "size", "duration", "choice", "list", "script", "secret"]
Value = str | int | float | bool | list[str] | dict[str, str]
"""A setting's value as TOML holds it; sizes and durations are text there, a secret a table that says where it is."""


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of every component's settings."""

    def problems(self) -> typing.Iterable[tuple[str, str]]:
        """What does not fit together in settings that fit each alone: keys, each with a sentence without a subject."""
        return ()


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a form, a help page or a schema sees it."""

    key: str
    kind: Kind
    title: str
    description: str
    default: Value | None
    """None where the setting has no default: then it is required, unless `optional`."""
    required: bool
    optional: bool
    """It may be absent, which means something of its own (said in the description)."""
    minimum: float | None
    maximum: float | None
    pattern: str | None
    pattern_help: str
    choices: tuple[str, ...]
    unit: str
    folded: bool
    """Few change it: a form shows it under "Limits and more"."""
    check: Callable[[str], str | None] | None = None
    """What is wrong with a text, or with one of a list of them, beyond its pattern."""
    contract: Contract | None = None
    """The function that a script must have; None where it is not Python's."""


def setting(
    title: str,
    description: str,
    *,
    least: float | str | None = None,
    most: float | str | None = None,
    pattern: str | None = None,
    pattern_help: str = "",
    unit: str = "",
    folded: bool = False,
    script: bool | Contract = False,
    check: Callable[[str], str | None] | None = None,
) -> msgspec.Meta:
    """Describes a field: `Annotated[int, setting("Port", "where devices connect", least=1, most=65535)]`. `check` says
    what is wrong with a text, or with one of a list of them, where no pattern can. `script` makes it the name of a
    script: the contract is that of Python's, True does for other languages."""
    return msgspec.Meta(
        title=title,
        description=description,
        extra={
            "least": least,
            "most": most,
            "pattern": pattern,
            "pattern_help": pattern_help,
            "unit": unit,
            "folded": folded,
            "script": script,
            "check": check,
        },
    )


_DESCRIBED: dict[type[msgspec.Struct], dict[str, Setting]] = {}


def describe(settings: type[msgspec.Struct]) -> dict[str, Setting]:
    """The settings that a struct declares, by key, in order."""
    if settings not in _DESCRIBED:
        hints = typing.get_type_hints(settings, include_extras=True)
        fields = msgspec.structs.fields(settings)
        _DESCRIBED[settings] = {
            field.encode_name: _describe_field(field, hints[field.name])
            for field in fields
            if typing.get_origin(hints[field.name]) is Annotated
        }
    return _DESCRIBED[settings]


def _describe_field(field: msgspec.structs.FieldInfo, hint: object) -> Setting:
    plain, meta = typing.get_args(hint)[:2]
    assert isinstance(meta, msgspec.Meta)
    extra: dict[str, Any] = meta.extra or {}
    optional = False
    if isinstance(plain, types.UnionType):
        parts = [part for part in typing.get_args(plain) if part is not type(None)]
        plain, optional = parts[0], True
    kind, choices = _kind(plain, bool(extra.get("script")))
    default: Any = field.default  # a struct's field may hold anything; what a setting may hold is checked below
    required = default is msgspec.NODEFAULT
    if isinstance(default, (Size, Duration)):
        default = str(default)
    elif isinstance(default, tuple):
        default = list(typing.cast("tuple[str, ...]", default))
    return Setting(
        key=field.encode_name,
        kind=kind,
        title=meta.title or field.encode_name,
        description=meta.description or "",
        default=None if required else default,
        required=required,
        optional=optional,
        minimum=_bound(plain, extra.get("least")),
        maximum=_bound(plain, extra.get("most")),
        pattern=extra.get("pattern"),
        pattern_help=extra.get("pattern_help", ""),
        choices=choices,
        unit=extra.get("unit", ""),
        folded=bool(extra.get("folded")),
        check=extra.get("check"),
        contract=contract if isinstance(contract := extra.get("script"), Contract) else None,
    )


def _kind(plain: Any, script: bool) -> tuple[Kind, tuple[str, ...]]:
    if script:
        return "script", ()
    if typing.get_origin(plain) is Literal:
        return "choice", typing.get_args(plain)
    if typing.get_origin(plain) in (list, tuple):
        return "list", ()
    kinds: dict[Any, Kind] = {
        str: "text",
        bool: "boolean",
        int: "integer",
        float: "number",
        Size: "size",
        Duration: "duration",
        Secret: "secret",
    }
    return kinds[plain], ()


def _bound(plain: Any, bound: float | str | None) -> float | None:
    if bound is None:
        return None
    return float(Size(bound) if plain is Size and isinstance(bound, str) else Duration(bound))


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


def nearest(word: str, known: typing.Iterable[str]) -> str | None:
    """The known word that a person most likely meant."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return matches[0] if matches else None


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
