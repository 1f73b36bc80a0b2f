"""Which components of a configuration use which script."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from core.catalogue.component import Slot
from core.catalogue.registry import Catalogue
from core.catalogue.tenant import DEVICE_COMMUNICATION, DEVICE_COMMUNICATION_SLOTS
from core.config.tenant import source_names

Table = Mapping[str, Any]


def used_scripts(data: Table, catalogue: Catalogue) -> dict[str, list[str]]:
    """Script names with the paths of the components that name them, also of components with faults."""
    used: dict[str, list[str]] = {}
    communication = data.get(DEVICE_COMMUNICATION)
    if isinstance(communication, Mapping):
        for slot in DEVICE_COMMUNICATION_SLOTS:
            for path, script in _in_slot(slot, cast("Table", communication).get(slot.key), slot.key, catalogue):
                used.setdefault(script, []).append(path)
    return used


def _in_slot(slot: Slot, found: object, path: str, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if slot.many and isinstance(found, list):
        items = cast("list[object]", found)
        for item, name in zip(items, source_names(items), strict=True):
            yield from _in_component(slot, item, f"{path}/{name}", catalogue)
    else:
        yield from _in_component(slot, found, path, catalogue)


def _in_component(slot: Slot, found: object, path: str, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    if not isinstance(found, Mapping):
        return
    table = cast("Table", found)
    component = catalogue.get(slot.role, str(table.get("type")))
    if component is None:
        return
    for key, setting in component.described().items():
        if setting.kind == "script" and isinstance(script := table.get(key), str):
            yield path, script
    for inner in component.slots:
        yield from _in_slot(inner, table.get(inner.key), f"{path}/{inner.key}", catalogue)
