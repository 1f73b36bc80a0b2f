"""Values as TOML text; tomlkit knows the escapes."""

import re
from collections.abc import Mapping
from typing import Any, cast

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
    import tomlkit  # which few processes need: it takes 12 ms to come up

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
    return table({"type": found.type, **values}, at)


def table(values: Mapping[str, Any], at: Key) -> str:
    """A table with a header of its own; the tables in it, and those in its lists, get theirs below it."""
    opening, closing = ("[[", "]]") if at and isinstance(at[-1], int) else ("[", "]")
    inner = {name: tables for name, given in values.items() if (tables := _tables(given, (*at, name)))}
    lines = [f"{opening}{dotted(at)}{closing}"]
    lines += [f"{key(name)} = {value(given)}" for name, given in values.items() if name not in inner]
    blocks = ["\n".join([*lines, ""]), *(table(given, place) for tables in inner.values() for place, given in tables)]
    return "\n".join(blocks)


def _tables(given: object, at: Key) -> list[tuple[Key, Mapping[str, Any]]]:
    """What of a value is written as tables: itself, or all that a list holds; nothing where it is a plain one."""
    if isinstance(given, Mapping):
        found = cast("Mapping[str, Any]", given)
        return [(at, found)] if "type" in found else []  # a component; a secret stays on its line
    items = cast("list[object]", given) if isinstance(given, list) else []
    if not all(isinstance(item, Mapping) for item in items):
        return []
    return [((*at, place), cast("Mapping[str, Any]", item)) for place, item in enumerate(items)]
