"""Settings: one declaration that gives validation, forms, schema and reference.

A component declares its settings as a `msgspec.Struct` whose fields are annotated with `setting(...)`. From the
annotations come `Setting` rows, for forms and help, and for the check of values (`core.catalogue.values`).
"""

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from core.catalogue.contracts import Contract
from core.catalogue.secrets import Secret
from core.catalogue.units import Duration, Size

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
