"""Finds what a path names in a configuration: `tenant`, `retention`, `event_sources/lora`, its `decoder`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from core.catalogue.component import Component, Slot
from core.catalogue.registry import Catalogue
from core.catalogue.retention import RETENTION, TenantRetention
from core.catalogue.settings import Setting, Value, describe
from core.catalogue.tenant import DEVICE_COMMUNICATION, DEVICE_COMMUNICATION_SLOTS, TENANT, TenantSettings
from core.catalogue.values import check_value, parse_text
from core.config.scan import Key
from core.errors import ConfigurationError, Fault, NotFound, TidegateError
from core.model.nearest import nearest

Table = Mapping[str, Any]

TABLES = {TENANT: TenantSettings, RETENTION: TenantRetention}
"""The tables that are no component's, by their paths."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a path names: a table of the tenant's own (no slot), a list, a slot, or a component in one.

    `found` is what stands there: a table, for a list its items, or None. `above` are the slots beside this one.
    """

    path: str
    at: Key
    slot: Slot | None
    found: Table | list[Any] | None
    component: Component | None = None
    beside: tuple[Slot, ...] = ()

    @property
    def is_list(self) -> bool:
        """A list of components, not one of them."""
        return self.slot is not None and self.slot.many and not isinstance(self.at[-1], int)

    @property
    def table(self) -> Table:
        """The component's table, or a sentence why there is none."""
        if self.is_list:
            assert self.slot is not None
            raise TidegateError(
                f"{self.path} is a list: name one of it, as in {self.path}/{self.slot.index.key.upper()}"
            )
        if isinstance(self.found, Mapping):
            return self.found
        if self.slot is None:
            return {}
        raise NotFound(f"there is no {self.path}: add it first")

    @property
    def is_listed(self) -> bool:
        """A component that stands in a list."""
        return isinstance(self.at[-1], int)

    @property
    def items(self) -> list[Any]:
        """A list's items."""
        return self.found if isinstance(self.found, list) else []


def locate(data: Table, path: str, catalogue: Catalogue) -> Place:
    """What `path` names; TidegateError with the nearest name where nothing can stand there."""
    first, *rest = path.split("/")
    if path in TABLES:
        return Place(path, (path,), None, _table(data.get(path)))
    slot = _known_slot(first, DEVICE_COMMUNICATION_SLOTS, first, also=tuple(TABLES))
    communication = _table(data.get(DEVICE_COMMUNICATION)) or {}
    at: Key = (DEVICE_COMMUNICATION, slot.key)
    place = Place(first, at, slot, _found(slot, communication), beside=DEVICE_COMMUNICATION_SLOTS)
    for name in rest:
        place = _item(place, name, catalogue) if place.is_list else _inner_slot(place, name, catalogue)
    return place


def _item(place: Place, name: str, catalogue: Catalogue) -> Place:
    assert place.slot is not None
    names = place.slot.index.names(place.items)
    path = f"{place.path}/{name}"
    if name not in names:
        near = nearest(name, names)
        hint = f"; did you mean {place.path}/{near}?" if near else ""
        raise NotFound(f"there is no {path}{hint}")
    index = names.index(name)
    found = _table(place.items[index])
    return Place(path, (*place.at, index), place.slot, found, _component(place.slot, found, catalogue), place.beside)


def _inner_slot(place: Place, name: str, catalogue: Catalogue) -> Place:
    path = f"{place.path}/{name}"
    table = place.table
    if place.component is None:
        kind = table.get("type")
        assert place.slot is not None
        reason = catalogue.unknown(place.slot.role, kind) if isinstance(kind, str) else "it has no type"
        raise TidegateError(f"what {place.path} may hold is not known: {reason}")
    slot = _known_slot(name, place.component.slots, path)
    found = _found(slot, table)
    component = None if slot.many else _component(slot, _table(found), catalogue)
    return Place(path, (*place.at, slot.key), slot, found, component, place.component.slots)


def _component(slot: Slot, table: Table | None, catalogue: Catalogue) -> Component | None:
    kind = (table or {}).get("type")
    return catalogue.get(slot.role, kind) if isinstance(kind, str) else None


def _known_slot(name: str, slots: tuple[Slot, ...], path: str, also: tuple[str, ...] = ()) -> Slot:
    for slot in slots:
        if slot.key == name:
            return slot
    known = [*(slot.key for slot in slots), *also]
    near = nearest(name, known)
    hint = f"did you mean {near}?" if near else f"known here: {', '.join(known) or 'nothing'}"
    raise NotFound(f"there is no place {path}; {hint}")


def _found(slot: Slot, above: Table) -> Table | list[Any] | None:
    found: object = above.get(slot.key)
    if slot.many:
        return cast("list[Any]", found) if isinstance(found, list) else []
    return _table(found)


def _table(found: object) -> Table | None:
    return cast("Table", found) if isinstance(found, Mapping) else None


def settings_of(place: Place) -> dict[str, Setting]:
    """The settings of the component at a place; empty where its type is not known."""
    if place.slot is None:
        return describe(TABLES[place.path])
    return place.component.described() if place.component else {}


def component_for(place: Place, type: str, catalogue: Catalogue) -> Component:
    """The component of `type` that fits a place, or a sentence with the nearest type."""
    if place.slot is None:
        raise TidegateError(f"{place.path} takes no components")
    component = catalogue.get(place.slot.role, type)
    if component is None:
        raise TidegateError(f"{place.path}: {catalogue.unknown(place.slot.role, type)}")
    return component


def typed_values(
    catalogue: Catalogue, data: Table, path: str, type: str, texts: Mapping[str, str]
) -> dict[str, Value | None]:
    """What a person wrote as `key=text`, as the values of an Edit.

    `data` is the parsed configuration; `type` is that of the component to add, or empty to set keys of one that is
    there. An empty text takes a key away; two quotes are the empty text. ConfigurationError carries every fault.
    """
    place = locate(data, path, catalogue)
    if type:
        known = component_for(place, type, catalogue).described()
    else:
        _ = place.table  # says what is wrong where nothing is there
        known = settings_of(place)
    values: dict[str, Value | None] = {}
    faults: list[Fault] = []
    for key, text in texts.items():
        try:
            values[key] = _typed(key, text, known)
        except ValueError as error:
            faults.append(Fault(path=path, key=key, message=str(error)))
    if faults:
        raise ConfigurationError(faults)
    return values


def _typed(key: str, text: str, known: Mapping[str, Setting]) -> Value | None:
    if key == "type":
        return text
    if key not in known:
        raise ValueError(unknown_key(key, known))
    if not text.strip():
        return None
    value = "" if text.strip() == '""' else parse_text(known[key], text)
    problem = check_value(known[key], value)
    if problem:
        raise ValueError(problem)
    return value


def unknown_key(key: str, known: Iterable[str]) -> str:
    """A sentence without a subject for a key that is no setting."""
    names = list(known)
    near = nearest(key, names)
    return "is not a setting; " + (f"did you mean {near}?" if near else f"known here: {', '.join(names) or 'none'}")
