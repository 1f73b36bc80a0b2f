"""Values as TOML text; tomlkit knows the escapes."""

import re
from collections.abc import Mapping
from typing import Any, cast

import tomlkit

from core.catalogue.component import Component
from core.config.scan import Key
from core.errors import TidegateError

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def value(given: object) -> str:
    """A value on one line; tables inline."""
    if isinstance(given, Mapping):
        pairs = [f"{key(name)} = {value(inner)}" for name, inner in cast("Mapping[str, object]", given).items()]
        return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    if isinstance(given, (list, tuple)):
        return f"[{', '.join(value(inner) for inner in cast('list[object]', given))}]"
    if given is None:
        raise TidegateError("TOML has no word for nothing: leave the value out")
    try:
        return tomlkit.item(given).as_string()
    except ValueError as error:
        raise TidegateError(f"{given!r} cannot be written in TOML") from error


def key(name: str) -> str:
    """A key, in quotes where it must be."""
    return name if _BARE.fullmatch(name) else value(name)


def dotted(path: Key) -> str:
    """The keys of a path with dots between; the places in lists are left out, as headers do."""
    return ".".join(key(part) for part in path if isinstance(part, str))


def component(found: Component, at: Key, values: Mapping[str, Any]) -> str:
    """A component with a header of its own, `type` first; components among the values get theirs below it."""
    opening, closing = ("[[", "]]") if at and isinstance(at[-1], int) else ("[", "]")
    inner = {slot.key for slot in found.slots if isinstance(values.get(slot.key), Mapping)}
    lines = [f"{opening}{dotted(at)}{closing}", f"type = {value(found.type)}"]
    lines += [f"{key(name)} = {value(given)}" for name, given in values.items() if name != "type" and name not in inner]
    tables = [table(values[name], (*at, name)) for name in values if name in inner]
    return "\n".join([*lines, "", *tables]) if tables else "\n".join([*lines, ""])


def table(values: Mapping[str, Any], at: Key) -> str:
    """A table with a header of its own, and everything in it."""
    return "\n".join([f"[{dotted(at)}]", *(f"{key(name)} = {value(given)}" for name, given in values.items()), ""])
