"""A component as one configuration uses it: read from a TOML table, checked, with its slots filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from core.catalogue.component import Component, Slot
from core.catalogue.registry import Catalogue
from core.catalogue.settings import Settings, read_settings
from core.errors import Fault


@dataclass(frozen=True, slots=True)
class Configured:
    """A component with its settings and what fills its slots."""

    component: Component
    settings: Settings
    slots: dict[str, Configured]
    table: Mapping[str, Any]  # the TOML table it was read from: what a worker is sent
    path: str

    @property
    def id(self) -> str:
        """The id of a component that stands in a list; empty where a slot takes only one."""
        return str(self.table.get("id", ""))


def read_component(
    catalogue: Catalogue, slot: Slot, table: Mapping[str, Any], path: str
) -> tuple[Configured | None, list[Fault]]:
    """The component that `table` describes, or every fault in it and below it.

    Faults carry `path` (`event_sources/lora/decoder`) and key; an empty required slot is a fault of its own.
    """
    kind = table.get("type")
    if not isinstance(kind, str):
        return None, [Fault(path=path, key="type", message="is required: it says which component this is")]
    component = catalogue.get(slot.role, kind)
    if component is None:
        return None, [Fault(path=path, key="type", message=catalogue.unknown(slot.role, kind))]

    places = {place.key: place for place in component.slots}
    plain = {key: value for key, value in table.items() if key != "type" and key not in places}
    settings, faults = read_settings(component.settings, plain, path=path)
    filled: dict[str, Configured] = {}
    for key, place in places.items():
        inner = table.get(key)
        where = f"{path}/{key}"
        if inner is None:
            if place.required:
                faults.append(Fault(path=where, message=f"{place.title} is Required"))
            continue
        if not isinstance(inner, Mapping):
            faults.append(Fault(path=path, key=key, message="is not a table"))
            continue
        read, below = read_component(catalogue, place, cast("Mapping[str, Any]", inner), where)
        faults += below
        if read is not None:
            filled[key] = read
    reason = component.unavailable()
    if reason:
        faults.append(Fault(path=path, key="type", message=reason))
    if settings is None or faults:
        return None, faults
    return Configured(component, settings, filled, table, path), []
