"""A tenant's draft: what the forms hold before it is staged.

It is a text, edited by the engine's own rules, so that the comments and the order of tenant.toml survive every edit.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

from console.link import EngineLink
from core.catalogue.component import Component, Slot
from core.catalogue.registry import Catalogue
from core.catalogue.retention import RETENTION
from core.catalogue.tenant import DEVICE_COMMUNICATION, DEVICE_COMMUNICATION_SLOTS, TENANT
from core.control.configurations import (
    Applied,
    ComponentText,
    Configuration,
    DocumentView,
    Edit,
    EditText,
    OfComponent,
    Stage,
)
from core.control.named import OfTenant
from core.errors import Fault, TidegateError

Table = dict[str, Any]  # a TOML table as it was parsed


@dataclass(frozen=True, slots=True)
class Placed:
    """A component where it stands in a configuration. `component` is None where the catalogue knows no such type."""

    path: str
    slot: Slot
    table: Table
    component: Component | None

    @property
    def id(self) -> str:
        """What it is told apart by where it is one of a list."""
        return str(self.table.get(self.slot.index.key, "")) if self.slot.many else ""

    @property
    def above(self) -> str:
        """The path of the list that it is one of, or of the component that it is in."""
        return self.path.rpartition("/")[0]

    @property
    def title(self) -> str:
        """SiteWhere's way of naming it: the type's title, and in a list the id: `Socket Event Source (lora)`."""
        name = self.component.title if self.component else f"{self.slot.title}: unknown type {self.table.get('type')!r}"
        return f"{name} ({self.id})" if self.slot.many else name


class Draft:
    """One tenant's draft, begun from what is staged, or from what is active where nothing is."""

    def __init__(self, tenant: str, link: EngineLink) -> None:
        self.tenant = tenant
        self._link = link
        self._lock = asyncio.Lock()
        self.loaded = asyncio.Event()
        self.configuration: Configuration | None = None
        self.view = DocumentView(text="", revision="", data={}, faults=[])
        self._base = self.view
        self._edits: list[Edit] = []
        self._rewritten = False
        self.typed: dict[tuple[str, str], str] = {}
        """What was typed into a field and is no value of its setting, by path and key."""
        self.making: set[str] = set()
        """Scripts that are being made: what the engine says of them is from before."""
        self.applied: Applied | None = None
        """What came of the last apply."""

    @property
    def changed(self) -> bool:
        """It holds something that is not staged."""
        return self.view.text != self._base.text or bool(self.typed)

    @property
    def active(self) -> Table:
        """The data of the active configuration."""
        return self.configuration.active.data if self.configuration else {}

    @property
    def faults(self) -> list[Fault]:
        """What stands in the way of applying it."""
        return self.view.faults

    async def load(self, *, again: bool = False) -> None:
        """Begins from what the engine has, unless there are unstaged edits; `again` gives those up."""
        async with self._lock:
            given = await self._link.call("configuration.get", OfTenant(self.tenant), Configuration)
            if self.changed and not again:
                return
            self._begin(given)

    def _begin(self, given: Configuration) -> None:
        self.configuration = given
        self._base = self.view = given.staged or given.active
        self._edits, self._rewritten, self.typed = [], False, {}
        self.loaded.set()

    async def edit(self, edit: Edit) -> None:
        """Makes one edit; ControlError, with nothing changed, where the engine refuses it."""
        async with self._lock:
            self.view = await self._edited(self.view.text, [edit])
            self._edits.append(edit)

    async def rewrite(self, text: str) -> None:
        """Takes `text` for the whole of it; it must be TOML."""
        async with self._lock:
            self.view = await self._edited(text, [])
            self._rewritten = True

    async def check_again(self) -> None:
        """Has the engine look for faults again: a script that it names is another now."""
        async with self._lock:
            self.view = await self._edited(self.view.text, [])

    async def _edited(self, text: str, edits: list[Edit]) -> DocumentView:
        params = EditText(tenant=self.tenant, text=text, edits=edits)
        return await self._link.call("configuration.edit", params, DocumentView)

    async def component_text(self, path: str) -> str:
        """A component's own TOML, with its comments."""
        params = OfComponent(tenant=self.tenant, text=self.view.text, path=path)
        return (await self._link.call("configuration.component", params, ComponentText)).text

    async def stage(self) -> None:
        """Stage Updates; ControlError with CONFLICT where something newer was staged or applied meanwhile."""
        async with self._lock:
            params = Stage(tenant=self.tenant, text=self.view.text, base=self._base.revision)
            self._begin(await self._link.call("configuration.stage", params, Configuration))
            self.applied = None

    async def onto_newer(self) -> None:
        """Makes this draft's edits again on what the engine has by now; ControlError where one no longer fits."""
        if self._rewritten:
            raise TidegateError("the whole file was edited: compare it with what is there now, and edit that")
        async with self._lock:
            given = await self._link.call("configuration.get", OfTenant(self.tenant), Configuration)
            newer = given.staged or given.active
            view = await self._edited(newer.text, self._edits)
            self.configuration, self._base, self.view = given, newer, view

    # What it says.

    def placed(self, catalogue: Catalogue, path: str, *, active: bool = False) -> Placed | None:
        """The component at `path`, such as `event_sources/lora/decoder`; None where there is none."""
        return find_placed(catalogue, self.active if active else self.view.data, path)

    def listed(self, catalogue: Catalogue, path: str, *, active: bool = False) -> list[Placed]:
        """The components of a list, in order: `event_sources`, or a slot of a component that takes many."""
        return find_listed(catalogue, self.active if active else self.view.data, path)

    def news(self, catalogue: Catalogue, path: str) -> str:
        """How the component at `path`, or a table of the tenant's own, differs from what is active there: `new`,
        `changed` or nothing."""
        now, active = (table_at(catalogue, data, path) for data in (self.view.data, self.active))
        return "" if now == active else "new" if active is None else "changed"

    def faults_at(self, path: str) -> list[Fault]:
        """The faults of a component and of what fills its slots."""
        return [fault for fault in self.faults if fault.path == path or fault.path.startswith(f"{path}/")]

    def refused(self, path: str) -> str:
        """Why the last apply failed at this component; empty where it did not."""
        if self.applied is None or self.applied.applied:
            return ""
        reasons = [change.reason for change in self.applied.changes if change.path == path and change.reason]
        return reasons[0] if reasons else ""


def _table(value: object) -> Table:
    return cast("Table", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Table]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [_table(item) for item in items]


def _placed(catalogue: Catalogue, slot: Slot, table: Table, path: str) -> Placed:
    return Placed(path, slot, table, catalogue.get(slot.role, str(table.get("type", ""))))


def table_at(catalogue: Catalogue, data: Table, path: str) -> Table | None:
    """The table that an edit's path names; None where there is none."""
    if path in (TENANT, RETENTION):
        own: object = data.get(path)
        return _table(own) if isinstance(own, dict) else None
    placed = find_placed(catalogue, data, path)
    return placed.table if placed else None


def find_placed(catalogue: Catalogue, data: Table, path: str) -> Placed | None:
    """The component at `path`, found by walking from slot to slot."""
    slots, above = DEVICE_COMMUNICATION_SLOTS, _table(data.get(DEVICE_COMMUNICATION))
    parts, walked = path.split("/"), ""
    found: Placed | None = None
    while parts:
        slot = next((slot for slot in slots if slot.key == parts[0]), None)
        taken = 2 if slot is not None and slot.many else 1
        if slot is None or len(parts) < taken:
            return None
        walked = "/".join(part for part in (walked, *parts[:taken]) if part)
        table = _in_slot(slot, above.get(slot.key), parts[taken - 1])
        if table is None:
            return None
        found = _placed(catalogue, slot, table, walked)
        slots, above, parts = found.component.slots if found.component else (), table, parts[taken:]
    return found


def _in_slot(slot: Slot, found: object, name: str) -> Table | None:
    """The table in a slot; of one that takes many, that of this name."""
    if slot.many:
        items = _list(found)
        return dict(zip(slot.index.names(items), items, strict=True)).get(name)
    return _table(found) if isinstance(found, dict) else None


def find_listed(catalogue: Catalogue, data: Table, path: str) -> list[Placed]:
    """The components of the list at `path`; none where there is no list."""
    above, _, key = path.rpartition("/")
    holder = find_placed(catalogue, data, above) if above else None
    slots = DEVICE_COMMUNICATION_SLOTS
    if above:
        slots = holder.component.slots if holder and holder.component else ()
    table = holder.table if holder else _table(data.get(DEVICE_COMMUNICATION))
    slot = next((slot for slot in slots if slot.key == key and slot.many), None)
    if slot is None:
        return []
    items = _list(table.get(key))
    return [
        _placed(catalogue, slot, item, f"{path}/{name}")
        for item, name in zip(items, slot.index.names(items), strict=True)
    ]


@dataclass
class Drafts:
    """The drafts of this console, by tenant."""

    link: EngineLink
    _by_tenant: dict[str, Draft] = field(default_factory=dict[str, Draft])

    def of(self, tenant: str) -> Draft:
        """The tenant's draft."""
        return self._by_tenant.setdefault(tenant, Draft(tenant, self.link))

    def changed(self) -> list[Draft]:
        """Those that hold something unstaged."""
        return [draft for draft in self._by_tenant.values() if draft.changed]
