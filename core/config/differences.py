"""What differs between two configurations, and what that means for devices, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from core.catalogue.component import EVENT_SOURCES, Component, Slot
from core.catalogue.registry import Catalogue
from core.catalogue.settings import Setting
from core.catalogue.values import shown_text, value_text
from core.config.meaning import same

Table = Mapping[str, Any]
ABSENT = "not given"


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of a change. `key` is a setting of the component itself, or empty; `slot` is where it differs else."""

    line: str
    key: str = ""
    slot: Slot | None = None
    effective: bool = True
    """False where only what was a default is now said, or no longer."""


def setting_differences(
    old: Table, new: Table, known: Mapping[str, Setting], skip: tuple[str, ...] = ()
) -> list[Difference]:
    """The keys that differ, in the order of the declaration; absent ones have their defaults."""
    keys = [*known, *(key for key in (*old, *new) if key not in known)]
    found: list[Difference] = []
    for key in dict.fromkeys(keys):
        if key in skip or same(old.get(key), new.get(key)):
            continue
        before, after = (_shown(table, key, known) for table in (old, new))
        if before == after:
            word = "written out" if key in new else "left to its default"
            found.append(Difference(f"{key} {after}, {word}", key, effective=False))
        else:
            found.append(Difference(f"{key} {before} → {after}", key))
    return found


def component_differences(slot: Slot, old: Table, new: Table, catalogue: Catalogue) -> list[Difference]:
    """What differs between two components in one place, those in their slots too."""
    component = _component(slot, new, catalogue) or _component(slot, old, catalogue)
    slots = component.slots if component else ()
    found: list[Difference] = []
    if old.get("type") != new.get("type"):
        found.append(Difference(f"{_title(slot, old, catalogue)} → {_title(slot, new, catalogue)}", "type"))
    known = component.described() if component else {}
    found += setting_differences(old, new, known, skip=("type", *(inner.key for inner in slots)))
    for inner in slots:
        differ = _list_differences if inner.many else _slot_differences
        found += differ(inner, old.get(inner.key), new.get(inner.key), catalogue)
    return found


def _slot_differences(slot: Slot, old: object, new: object, catalogue: Catalogue) -> list[Difference]:
    if same(old, new):
        return []
    before, after = _table(old), _table(new)
    if before is not None and after is not None:
        inner = component_differences(slot, before, after, catalogue)
        return [Difference(f"{slot.key} {one.line}", slot=slot, effective=one.effective) for one in inner]
    table, word = (after, "new") if after is not None else (before, "removed")
    return [Difference(f"{slot.key} {_title(slot, table or {}, catalogue)}, {word}", slot=slot)]


def _list_differences(slot: Slot, old: object, new: object, catalogue: Catalogue) -> list[Difference]:
    """What differs between two lists: each component in them by its name, and the order of those that both have."""
    before, after = listed(slot, old), listed(slot, new)
    found: list[Difference] = []
    for name in dict.fromkeys([*after, *before]):
        one = Slot(name, slot.role, slot.title, index=slot.index)
        inner = _slot_differences(one, before.get(name), after.get(name), catalogue)
        found += [Difference(f"{slot.key} {each.line}", slot=slot, effective=each.effective) for each in inner]
    were, are = [name for name in before if name in after], [name for name in after if name in before]
    if were != are:
        found.append(Difference(f"{slot.key} order {', '.join(were)} → {', '.join(are)}", slot=slot))
    return found


def listed(slot: Slot, found: object) -> dict[str, object]:
    """What stands in a slot that takes many, by name."""
    items = cast("list[object]", found) if isinstance(found, list) else []
    return dict(zip(slot.index.names(items), items, strict=True))


def _table(found: object) -> Table | None:
    return cast("Table", found) if isinstance(found, Mapping) else None


def source_line(table: Table, catalogue: Catalogue, word: str) -> str:
    """A source that comes or goes: `Socket Event Source on port 5027, new`."""
    port = effective(table, "port", catalogue)
    where = f" on port {port}" if port is not None else ""
    return f"{_title(EVENT_SOURCES, table, catalogue)}{where}, {word}"


def new_effect(table: Table, catalogue: Catalogue) -> str:
    if effective(table, "enabled", catalogue) is False:
        return "it is not enabled, so nothing is opened"
    port = effective(table, "port", catalogue)
    return f"port {port} opens" if port is not None else "it starts"


def removed_effect(table: Table, catalogue: Catalogue) -> str:
    if effective(table, "enabled", catalogue) is False:
        return "it was not enabled; what it received is kept"
    port = effective(table, "port", catalogue)
    closes = f"port {port} closes; " if port is not None else ""
    return f"{closes}connected devices are drained; what it received is kept"


def changed_effect(differences: list[Difference], old: Table, new: Table, catalogue: Catalogue) -> str:
    """What a changed source means for devices."""
    differing = [one for one in differences if one.effective]
    was, becomes = (effective(table, "enabled", catalogue) is not False for table in (old, new))
    if not was and not becomes:
        return "it is not enabled, so nothing happens now"
    if was != becomes:
        return new_effect(new, catalogue) if becomes else removed_effect(old, catalogue)
    if not differing:
        return "it means the same; devices notice nothing"
    keys = {one.key for one in differing}
    before, after = (effective(table, "port", catalogue) for table in (old, new))
    if "port" in keys:
        return f"port {before} closes and {after} opens; connected devices are drained"
    if keys & {"bind_address", "type"}:
        return f"port {after} closes and opens anew; connected devices are drained"
    if all(one.slot is not None and one.slot.role == "decoder" for one in differing):
        return "decoder is exchanged; the port stays open; nothing drops"
    drain = effective(old, "drain", catalogue)
    limit = f" within {drain}" if drain is not None else ""
    return f"workers are replaced; the port stays open; the old ones answer what they hold{limit}"


def effective(table: Table, key: str, catalogue: Catalogue) -> object:
    """A source's setting, or its default."""
    component = _component(EVENT_SOURCES, table, catalogue)
    row = component.described().get(key) if component else None
    return table.get(key, row.default if row else None)


def shown_value(value: object) -> str:
    """A value on one line and without control characters."""
    if value is None:
        return ABSENT
    if isinstance(value, Mapping):
        table = cast("Mapping[str, object]", value)
        return "{" + ", ".join(f"{key} = {shown_value(inner)}" for key, inner in table.items()) + "}"
    if isinstance(value, list):
        return ", ".join(shown_value(item) for item in cast("list[object]", value)) or "none"
    text = value_text(value) if isinstance(value, (str, bool)) else str(value)
    return text if text and text.isprintable() and text.strip() == text else repr(text)


def _shown(table: Table, key: str, known: Mapping[str, Setting]) -> str:
    row = known.get(key)
    value = table.get(key, row.default if row else None)
    if row is not None and row.kind == "secret" and value is not None:
        return shown_text(row, value) or "plain text, not shown"
    return shown_value(value)


def _component(slot: Slot, table: Table, catalogue: Catalogue) -> Component | None:
    kind = table.get("type")
    return catalogue.get(slot.role, kind) if isinstance(kind, str) else None


def _title(slot: Slot, table: Table, catalogue: Catalogue) -> str:
    component = _component(slot, table, catalogue)
    return component.title if component else shown_value(table.get("type")) if "type" in table else slot.title
