"""The edits that bring a component, and what is in its slots, from what it is to what it was."""

from collections.abc import Iterator
from typing import Any, cast

from core.catalogue.component import Slot
from core.catalogue.registry import Catalogue
from core.config.differences import listed
from core.config.meaning import same
from core.control.configurations import Edit
from core.errors import TidegateError

Table = dict[str, Any]


def value_edits(path: str, slot: Slot | None, old: Table, new: Table, catalogue: Catalogue) -> list[Edit]:
    """From `new` to `old`; `slot` is where the component stands, None for the tenant's own table.

    What a slot lost comes back last, and what it gained goes first: in between the component may become another.
    """
    before, after = (_slots(slot, table, catalogue) for table in (old, new))
    slots = before | after
    changed = {key: old.get(key) for key in {**old, **new} if not same(old.get(key), new.get(key))}
    plain = {key: value for key, value in changed.items() if key not in slots}
    removing: list[Edit] = []
    adding: list[Edit] = []
    within: list[Edit] = []
    for key in changed:
        if key not in slots:
            continue
        inner = slots[key]
        was, now = (_inside(inner, table.get(key), f"{path}/{key}") for table in (old, new))
        removing += [Edit(op="remove", path=at) for at in now if at not in was]
        for at, table in was.items():
            if at not in now:
                place = f"{path}/{key}" if inner.many else at
                adding.append(Edit(op="add", path=place, type=str(table.get("type")), values=table))
            else:
                within += value_edits(at, inner, table, now[at], catalogue)
        adding += _moves(list(was), list(now))
    setting = [Edit(op="set", path=path, values=plain)] if plain else []
    return [*removing, *within, *setting, *adding]


def _slots(slot: Slot | None, table: Table, catalogue: Catalogue) -> dict[str, Slot]:
    component = catalogue.get(slot.role, str(table.get("type"))) if slot is not None else None
    return {inner.key: inner for inner in component.slots} if component else {}


def _inside(slot: Slot, found: object, path: str) -> dict[str, Table]:
    """The components in a slot by their paths."""
    tables = {f"{path}/{name}": each for name, each in listed(slot, found).items()} if slot.many else {path: found}
    if any("/#" in at for at in tables):
        raise TidegateError("this change cannot be taken back alone: change it in the text")
    return {at: cast("Table", table) for at, table in tables.items() if isinstance(table, dict)}


def _moves(was: list[str], now: list[str]) -> Iterator[Edit]:
    """Brings a list into its old order, once it holds again what it held."""
    order = [at for at in now if at in was]
    order += [at for at in was if at not in now]
    for place, at in enumerate(was):
        if order[place] != at:
            order.remove(at)
            order.insert(place, at)
            yield Edit(op="move", path=at, to=place)
