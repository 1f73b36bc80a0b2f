"""JSON Schema (2020-12) of tenant.toml, from the components' declarations."""

from collections.abc import Mapping
from typing import Any

from core.catalogue.component import Component, Slot
from core.catalogue.registry import Catalogue
from core.catalogue.retention import RETENTION, TenantRetention
from core.catalogue.settings import Setting, describe
from core.catalogue.tenant import DEVICE_COMMUNICATION, DEVICE_COMMUNICATION_SLOTS, TENANT, TenantSettings

Schema = dict[str, Any]

_SIZE = r"^\s*\d+(\.\d+)?\s*([KMGTkmgt]?i?[Bb])?\s*$"
_DURATION = r"^\s*\d+(\.\d+)?\s*(ms|s|m|min|h|d)\s*$"
_SECRET: list[dict[str, Any]] = [
    {"type": "object", "properties": {way: {"type": "string"}}, "required": [way], "additionalProperties": False}
    for way in ("env", "file")
]
_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean"}


def tenant_schema(catalogue: Catalogue) -> Schema:
    """What a tenant.toml may hold, with titles, descriptions and defaults for an editor to show."""
    lists = {slot.key: _slot(slot) for slot in DEVICE_COMMUNICATION_SLOTS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tidegate tenant.toml",
        **_table(
            {
                TENANT: _settings(describe(TenantSettings)),
                RETENTION: _settings(describe(TenantRetention)),
                DEVICE_COMMUNICATION: _table(lists, []),
            },
            [TENANT],
        ),
        "$defs": _definitions(catalogue),
    }


def _definitions(catalogue: Catalogue) -> Schema:
    definitions: Schema = {}
    roles: dict[str, list[Schema]] = {}
    for component in catalogue:
        name = f"{component.role}.{component.type}"
        definitions[name] = _component(component)
        roles.setdefault(component.role, []).append({"$ref": f"#/$defs/{name}"})
    return definitions | {role: {"oneOf": choices} for role, choices in roles.items()}


def _component(component: Component) -> Schema:
    described = component.described()
    properties: Schema = {"type": {"const": component.type}}
    properties |= {key: _setting(row) for key, row in described.items()}
    properties |= {slot.key: _slot(slot) for slot in component.slots}
    required = ["type", *_required(described), *(slot.key for slot in component.slots if slot.required)]
    return {"title": component.title, "description": component.summary, **_table(properties, required)}


def _slot(slot: Slot) -> Schema:
    inside = {"$ref": f"#/$defs/{slot.role}"}
    if not slot.many:
        return {"title": slot.title, **inside}
    least = {"minItems": 1} if slot.required else {}
    return {"title": slot.title, "type": "array", "items": inside, **least}


def _settings(described: Mapping[str, Setting]) -> Schema:
    return _table({key: _setting(row) for key, row in described.items()}, _required(described))


def _required(described: Mapping[str, Setting]) -> list[str]:
    return [key for key, row in described.items() if row.required]


def _table(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _setting(row: Setting) -> Schema:
    schema: Schema = {"title": row.title, "description": row.description, "type": _TYPES.get(row.kind, "string")}
    match row.kind:
        case "choice":
            schema["enum"] = list(row.choices)
        case "list":
            schema |= {"type": "array", "items": {"type": "string"}}
        case "secret":
            schema |= {"type": "object", "oneOf": _SECRET}
        case "size":
            schema["pattern"] = _SIZE
        case "duration":
            schema["pattern"] = _DURATION
        case "integer" | "number":
            bounds = {"minimum": row.minimum, "maximum": row.maximum}
            whole = row.kind == "integer"
            schema |= {name: int(bound) if whole else bound for name, bound in bounds.items() if bound is not None}
        case _ if row.pattern:
            schema["pattern"] = f"^(?:{row.pattern})$"
        case _:
            pass
    if row.default is not None:
        schema["default"] = row.default
    return schema
