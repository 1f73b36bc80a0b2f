"""A component as one configuration uses it: read from a TOML table, checked, with its slots filled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from core.catalogue.component import Component, Slot
from core.catalogue.registry import Catalogue
from core.catalogue.settings import Settings
from core.catalogue.values import read_settings
from core.errors import Fault


@dataclass(frozen=True, slots=True)
class Configured:
    """A component with its settings and what fills its slots."""

    component: Component
    settings: Settings
    slots: dict[str, Configured]
    lists: dict[str, list[Configured]]
    """What stands in the slots that take many, in order."""
    table: Mapping[str, Any]  # the TOML table it was read from: what a worker is sent
    path: str

    @property
    def id(self) -> str:
        """The id of a component that stands in a list; empty where a slot takes only one."""
        return str(self.table.get("id", ""))

    def inner(self) -> Iterator[Configured]:
        """The components in its slots, not those in theirs."""
        yield from self.slots.values()
        for listed in self.lists.values():
            yield from listed

    def all(self) -> Iterator[Configured]:
        """Itself, and all below it."""
        yield self
        for inner in self.inner():
            yield from inner.all()


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

    places = {place.key for place in component.slots}
    plain = {key: value for key, value in table.items() if key != "type" and key not in places}
    settings, faults = read_settings(component.settings, plain, path=path)
    reading = _Reading(catalogue, path, faults)
    for place in component.slots:
        reading.fill(place, table.get(place.key))
    reason = component.unavailable()
    if reason and all(fault.message != reason for fault in faults):  # what stands in a slot may have said it
        faults.append(Fault(path=path, key="type", message=reason))
    if settings is None or faults:
        return None, faults
    return Configured(component, settings, reading.slots, reading.lists, table, path), []


class _Reading:
    """Fills the slots of one component; what is wrong goes to `faults`."""

    def __init__(self, catalogue: Catalogue, path: str, faults: list[Fault]) -> None:
        self.slots: dict[str, Configured] = {}
        self.lists: dict[str, list[Configured]] = {}
        self._catalogue = catalogue
        self._path = path
        self._faults = faults

    def fill(self, place: Slot, found: object) -> None:
        if found is None or (place.many and found == []):
            if place.required:
                self._faults.append(Fault(path=f"{self._path}/{place.key}", message=f"{place.title} is Required"))
        elif place.many:
            self._fill_list(place, found)
        elif (read := self._read(place, found, f"{self._path}/{place.key}")) is not None:
            self.slots[place.key] = read

    def _fill_list(self, place: Slot, found: object) -> None:
        if not isinstance(found, list):
            message = "is not a list: write the header of each in it with two brackets, [[…]]"
            self._faults.append(Fault(path=self._path, key=place.key, message=message))
            return
        items = cast("list[object]", found)
        names = place.index.names(items)
        self._only_once(place, items, names)
        read = [
            self._read(place, item, f"{self._path}/{place.key}/{name}") for item, name in zip(items, names, strict=True)
        ]
        self.lists[place.key] = [each for each in read if each is not None]

    def _only_once(self, place: Slot, items: list[object], names: list[str]) -> None:
        """Two of one name could not be told apart."""
        for item, name in zip(items, names, strict=True):
            own = place.index.of(item)
            if own is not None and own != name:
                message = f"{own!r} is taken: number {names.index(own) + 1} of {place.title} has it"
                self._faults.append(
                    Fault(path=f"{self._path}/{place.key}/{name}", key=place.index.key, message=message)
                )

    def _read(self, place: Slot, found: object, path: str) -> Configured | None:
        if not isinstance(found, Mapping):
            self._faults.append(Fault(path=path, message="is not a table"))
            return None
        read, below = read_component(self._catalogue, place, cast("Mapping[str, Any]", found), path)
        self._faults += below
        return read
