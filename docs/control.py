"""Writes docs/control.md from the messages: `python docs/control.py > docs/control.md`. A test compares them."""

import types
import typing
from collections.abc import Iterator

import msgspec

from core.control import codes
from core.control.greeting import PROTOCOL
from core.control.methods import METHODS, NOTIFICATIONS

HEAD = f"""\
# The control protocol

Protocol number {PROTOCOL}. JSON-RPC 2.0, one message a line, on `HOME/data/control.sock` or on the stdin and stdout of
`tidegate control`. The first call is `hello`; two protocol numbers that do not fit say so and end the connection. The
kernel says who is calling: the engine's own user, root and whom `[control] admins` in instance.toml names are `admin`,
whom else `[control] group` lets in is `viewer`. Bytes are base64, dates are RFC 3339 in UTC.

```
$ echo '{{"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {{"protocol": {PROTOCOL}}}}}' | tidegate control
```

This page is made of `core/control/methods.py`.

## Methods

| method | role | params | result | what it does |
| --- | --- | --- | --- | --- |
"""


def page() -> str:
    """The whole page."""
    rows = "".join(
        f"| `{name}` | {method.role} | {_link(method.params)} | {_link(method.result)} | {method.says} |\n"
        for name, method in METHODS.items()
    )
    notes = "".join(f"| `{name}` | {_link(kind)} |\n" for name, kind in NOTIFICATIONS.items())
    named = [kind for method in METHODS.values() for kind in (method.params, method.result)]
    structs = "".join(_struct(kind) for kind in _reachable([*named, *NOTIFICATIONS.values()]))
    return (
        f"{HEAD}{rows}\n## Notifications\n\n| notification | params |\n| --- | --- |\n{notes}"
        f"\n## Errors\n\n| code | when |\n| --- | --- |\n{_errors()}\n## Structures\n{structs}"
    )


def _errors() -> str:
    told = {
        "PARSE_ERROR": "a line is no JSON",
        "INVALID_REQUEST": "a message is no request, or `hello` was not the first",
        "METHOD_NOT_FOUND": "there is no such method",
        "INVALID_PARAMS": "the parameters are not the method's",
        "INTERNAL_ERROR": "the engine failed; its log says how",
        "REFUSED": "what was asked cannot be done; the message says why",
        "NOT_ALLOWED": "the caller's role does not allow it",
        "CONFLICT": "something newer is there; nothing was overwritten",
        "FAULTY": "a configuration or a filter has faults; `data` is a list of `Fault`",
        "NOT_FOUND": "what was named is not there",
        "MISFIT": "the two protocol numbers do not fit",
    }
    return "".join(f"| {getattr(codes, name)} | {says} |\n" for name, says in told.items())


def _reachable(kinds: list[type]) -> list[type[msgspec.Struct]]:
    found: dict[str, type[msgspec.Struct]] = {}
    waiting: list[object] = list(kinds)
    while waiting:
        kind = waiting.pop(0)
        waiting += typing.get_args(kind)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__name__ not in found:
            found[kind.__name__] = kind
            waiting += typing.get_type_hints(kind).values()
    return [found[name] for name in sorted(found)]


def _struct(kind: type[msgspec.Struct]) -> str:
    says = (kind.__doc__ or "").strip().split("\n\n")[0].replace("\n    ", " ")
    told = f"\n{says}\n" if says else ""
    rows = "".join(_rows(kind))
    table = f"\n| key | type | default |\n| --- | --- | --- |\n{rows}" if rows else ""
    return f"\n### {kind.__name__}\n{told}{table}"


def _rows(kind: type[msgspec.Struct]) -> Iterator[str]:
    hints = typing.get_type_hints(kind)
    if kind.__struct_config__.array_like:
        yield f"| | array of {', '.join(kind.__struct_encode_fields__)} | |\n"
        return
    if kind.__struct_config__.tag_field:
        yield f"| `{kind.__struct_config__.tag_field}` | `{kind.__struct_config__.tag}` | |\n"
    for field in msgspec.structs.fields(kind):
        default = ""
        if field.default is not msgspec.NODEFAULT:
            default = f"`{msgspec.json.encode(field.default).decode()}`"
        elif field.default_factory is not msgspec.NODEFAULT:
            default = f"`{msgspec.json.encode(field.default_factory()).decode()}`"
        yield f"| `{field.encode_name}` | {_type(hints[field.name])} | {default} |\n"


def _type(hint: object) -> str:
    plain = {str: "text", int: "integer", float: "number", bool: "boolean", bytes: "base64", type(None): "null"}
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in plain:
        return plain[typing.cast("type", hint)]
    if origin in (types.UnionType, typing.Union):
        return " or ".join(dict.fromkeys(_type(each) for each in arguments))
    if origin is typing.Literal:
        return ", ".join(f"`{each}`" for each in arguments)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"object of {_type(arguments[1])}"
    return _link(hint) if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else "anything"


def _link(kind: object) -> str:
    name = getattr(kind, "__name__", "")
    return f"[{name}](#{name.lower()})"


if __name__ == "__main__":
    print(page(), end="")
