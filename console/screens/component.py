"""A component's page: its form, the slots that other components fill, its script."""

from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from console.actions import ACTIONS
from console.draft import Draft, Placed, find_listed
from console.forms.editors import ScriptEditor
from console.forms.field import Field
from console.forms.slot_list import Listed, SlotList
from console.forms.slots import SlotRow
from console.forms.words import full_help
from console.screens.adding import add_component, move_component, remove_component
from console.screens.base import Kind
from console.screens.dialogs import Notice
from console.screens.form import FormScreen
from console.screens.of_tenant import OfTenantScreen
from console.screens.scripts import choose_script, edit_script
from core.catalogue.component import Slot
from core.catalogue.registry import Catalogue
from core.catalogue.settings import Setting, Value

ABOUT = (
    "A component's settings and slots. Every value is checked as it is typed; beside a field stands its help, or what "
    "is wrong. Nothing acts on a device before it is staged (^s) and applied (p). A slot takes another component: a "
    "adds one, enter opens what is there, d removes it. In a slot that takes many, J and K move the current one."
)
FORM_ACTIONS = (
    ACTIONS["next_field"],
    ACTIONS["stage"],
    ACTIONS["edit"].titled("Edit TOML", "edits this as TOML in $EDITOR; on a script's line, the script"),
    ACTIONS["filter"].titled("Find setting", "finds a setting by its name or help, folded ones too"),
    ACTIONS["back"],
    ACTIONS["plan"],
)


class ComponentScreen(FormScreen):
    """Any component of the catalogue, at `path` of the draft."""

    TITLE = "Component"
    ABOUT = ABOUT
    ACTIONS = (
        *FORM_ACTIONS,
        ACTIONS["open"].titled("Open", "opens what fills the current slot"),
        ACTIONS["add"].titled("Add Component", "fills the current slot, or the first that is empty"),
        ACTIONS["remove"].titled("Remove", "empties the current slot, after a question"),
        ACTIONS["move_down"].titled("Move", "moves the current one down, in a slot that takes many"),
        ACTIONS["move_up"].titled("Move up", "moves the current one up, in a slot that takes many"),
    )

    of_role: ClassVar[dict[str, type["ComponentScreen"]]] = {}
    """Screens of components that have more than a form, by role."""

    @property
    def placed(self) -> Placed | None:
        """The component in the draft; None where it is gone."""
        return self.draft.placed(self.session.catalogue, self.path)

    @property
    def settings(self) -> dict[str, Setting]:
        placed = self.placed
        return placed.component.described() if placed and placed.component else {}

    @property
    def table(self) -> dict[str, Any]:
        placed = self.placed
        return placed.table if placed else {}

    @property
    def naming(self) -> frozenset[str]:
        placed = self.placed
        return super().naming | ({placed.slot.index.key} if placed else frozenset())

    def others(self, key: str) -> frozenset[str]:
        placed = self.placed
        if placed is None or not placed.slot.many or key != placed.slot.index.key:
            return frozenset()
        beside = self.draft.listed(self.session.catalogue, placed.above)
        return frozenset(other.id for other in beside if other.path != self.path)

    def compose_slots(self) -> ComposeResult:
        placed = self.placed
        for slot in placed.component.slots if placed and placed.component else ():
            yield SlotList(slot) if slot.many else SlotRow(slot)
        if placed and placed.component and not self.settings and not placed.component.slots:
            yield Static("There is nothing to set here.", markup=False)

    async def action_manual(self) -> None:
        placed = self.placed
        if placed is None or placed.component is None:
            return
        text = Text(f"{placed.component.title}: {placed.component.summary}.\n\n{self.ABOUT}\n")
        for setting in self.settings.values():
            text.append(f"\n{setting.title}", "bold").append(f" ({setting.key})\n")
            text.append("".join(f"  {line}\n" for line in full_help(setting)))
        await self.app.push_screen(Notice(placed.component.title, text))

    def trail(self) -> tuple[str, ...]:
        parts = self.path.split("/")
        above = ["/".join(parts[:length]) for length in range(2, len(parts) + 1)]
        titles = [placed.title for path in above if (placed := self.draft.placed(self.session.catalogue, path))]
        return ("Tenant Configuration", "Device Communication", "Event Sources", *titles)

    # Showing.

    def draft_changed(self) -> None:
        if self.draft.loaded.is_set() and self.placed is None:
            self.leave()  # it was removed, here or by somebody else
            return
        super().draft_changed()
        for row in self.query(SlotRow):
            self._show_slot(row)
        for rows in self.query(SlotList):
            placed = self.draft.listed(self.session.catalogue, self._slot_path(rows.slot))
            rows.show([Listed(each.path, *self._said_of(each)) for each in placed])

    def _slot_path(self, slot: Slot) -> str:
        return f"{self.path}/{slot.key}"

    def _show_slot(self, row: SlotRow) -> None:
        placed = self.draft.placed(self.session.catalogue, self._slot_path(row.slot))
        if placed is None:
            row.show("", "", [])
        else:
            row.show(*self._said_of(placed))

    def _said_of(self, placed: Placed) -> tuple[str, str, list[str]]:
        """What is said of a component in a slot: its title, how it differs, what is wrong."""
        wrong: list[str] = []
        for fault in self.draft.faults_at(placed.path):
            inner = fault.path.removeprefix(placed.path).strip("/").replace("/", ".")
            where = ".".join(part for part in (inner, fault.key) if part)
            wrong.append(f"{where}: {fault.message}" if fault.key else fault.message)
        if refused := self.draft.refused(placed.path):
            wrong.append(refused)
        title = "  ".join([placed.title, *scripts_below(self.draft, self.session.catalogue, placed)])
        return title, self.draft.news(self.session.catalogue, placed.path), wrong

    def standing(self) -> tuple[str, Kind]:
        said, kind = super().standing()
        refused = self.draft.refused(self.path)
        return (refused, "wrong") if refused and kind != "wrong" else (said, kind)

    def kept(self, values: dict[str, Value | None]) -> None:
        above = self.path.rpartition("/")[0]
        beside = self.draft.listed(self.session.catalogue, above)  # none where it stands in no list
        name = values.get(beside[0].slot.index.key) if beside else None
        if name is not None:
            self.path = f"{above}/{name}"

    # Slots.

    def _current(self) -> str:
        """The path of what fills the current slot, or of the current one in it; empty where there is none."""
        here = self.focused
        if isinstance(here, SlotList):
            return here.current.path if here.current else ""
        return self._slot_path(here.slot) if isinstance(here, SlotRow) and here.filled else ""

    async def action_open(self) -> None:
        path = self._current()
        if path:
            await self.may_leave()
            await self.app.push_screen(component_screen(self, path))
        elif isinstance(self.focused, (SlotRow, SlotList)) and not self.session.locked:
            await self.action_add()

    async def action_add(self) -> None:
        place = self._to_fill()
        if place is None:
            here = self.focused.slot.title if isinstance(self.focused, SlotRow) else ""
            self.say(f"{here} is filled: d removes what is there" if here else "every slot is filled")
            return
        place.focus()
        await add_component(self, place.slot, lambda: self._slot_path(place.slot), self._added)

    def _to_fill(self) -> SlotRow | SlotList | None:
        """The current slot if it takes another, else the first that is empty, else one that takes many."""
        rows = [row for row in self.query("SlotRow, SlotList").results() if isinstance(row, (SlotRow, SlotList))]
        able = [row for row in rows if isinstance(row, SlotList) or not row.filled]
        if self.focused in able and isinstance(self.focused, (SlotRow, SlotList)):
            return self.focused
        empty = [row for row in able if isinstance(row, SlotRow) or not row.listed]
        return next(iter([*empty, *able]), None)

    async def _added(self, path: str) -> None:
        placed = self.draft.placed(self.session.catalogue, path)
        if placed is None or placed.component is None:
            return
        for rows in self.query(SlotList):
            if self._slot_path(rows.slot) == placed.above:
                rows.go_to(path)
        needs = [setting.key for setting in placed.component.described().values() if setting.required]
        if needs or any(slot.required for slot in placed.component.slots):
            await self.app.push_screen(component_screen(self, path, needs[0] if needs else ""))
        else:
            self.say(f"added {placed.title}; enter opens it")
            next(row for row in self.query(SlotRow) if self._slot_path(row.slot) == path).focus()

    async def action_remove(self) -> None:
        mine, path = self.placed, self._current()
        placed = self.draft.placed(self.session.catalogue, path) if path else None
        if placed is None:
            self.say("d removes what fills a slot: go to one that is filled")
            return
        await remove_component(self, placed, needed_by=mine.title if mine else "")

    def action_move_down(self) -> None:
        self.work_first(self._move, 1)

    def action_move_up(self) -> None:
        self.work_first(self._move, -1)

    async def _move(self, by: int) -> None:
        listed = isinstance(self.focused, SlotList)
        placed = self.draft.placed(self.session.catalogue, self._current()) if listed else None
        if placed is None:
            self.say("J and K move what stands in a slot that takes many: go to one of it")
            return
        await move_component(self, placed, by)

    # $EDITOR and scripts.

    def action_edit(self) -> None:
        if not isinstance(self.focused, ScriptEditor):
            super().action_edit()
        elif self.focused.text:
            self.work(edit_script, self, self.tenant, self.focused.text)
        else:
            self.say("no script is chosen yet: enter chooses or makes one")

    def replaced(self, before: dict[str, Any]) -> None:
        if self.placed is not None:
            return
        above = self.path.rpartition("/")[0]  # it was given another name: it stands where it stood
        old = [placed.path for placed in find_listed(self.session.catalogue, before, above)]
        listed = self.draft.listed(self.session.catalogue, above)
        if self.path in old and len(listed) == len(old):
            self.path = listed[old.index(self.path)].path

    @on(ScriptEditor.Wanted)
    async def _choose_script(self, event: ScriptEditor.Wanted) -> None:
        event.stop()
        placed = self.placed
        if placed is None or placed.component is None or self.session.locked:
            self.say(self.session.locked or "this component is gone", "wrong")
            return
        editor, component = event.editor, placed.component
        field = next(field for field in self.query(Field) if field.editor is editor)

        async def chosen(name: str) -> None:
            await self.take(field, name)

        self.work(choose_script, self, component, chosen)


def component_screen(above: OfTenantScreen, path: str, first: str = "") -> ComponentScreen:
    """The screen of the component at `path` of the draft."""
    placed = above.draft.placed(above.session.catalogue, path)
    kind = ComponentScreen.of_role.get(placed.slot.role, ComponentScreen) if placed else ComponentScreen
    return kind(above.tenant, path, first=first)


def scripts_below(draft: Draft, catalogue: Catalogue, placed: Placed) -> list[str]:
    """The scripts that a component and what is in its slots name, each once."""
    component = placed.component
    described = component.described() if component else {}
    found = [str(placed.table[key]) for key, row in described.items() if row.kind == "script" and key in placed.table]
    for slot in component.slots if component else ():
        path = f"{placed.path}/{slot.key}"
        one = draft.placed(catalogue, path)
        for inner in draft.listed(catalogue, path) if slot.many else [one] if one else []:
            found += scripts_below(draft, catalogue, inner)
    return list(dict.fromkeys(found))
