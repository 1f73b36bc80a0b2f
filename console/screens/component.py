"""A component's page: its form, the slots that other components fill, its script."""

from typing import Any

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widgets import Static

from console.actions import ACTIONS
from console.draft import Placed, table_at
from console.forms.editors import ScriptEditor
from console.forms.field import Field
from console.forms.slots import SlotRow
from console.forms.words import full_help
from console.screens.adding import add_component, remove_component
from console.screens.base import Kind
from console.screens.dialogs import Notice
from console.screens.form import FormScreen
from console.screens.scripts import choose_script, edit_script
from core.catalogue.settings import Setting, Value, describe
from core.catalogue.tenant import TENANT, TenantSettings

ABOUT = (
    "A component's settings and slots. Every value is checked as it is typed; beside a field stands its help, or what "
    "is wrong. Nothing acts on a device before it is staged (^s) and applied (p). A slot takes another component: a "
    "adds one, enter opens what is there, d removes it."
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
    )

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

    def others(self, key: str) -> frozenset[str]:
        placed = self.placed
        if key != "id" or placed is None or not placed.slot.many:
            return frozenset()
        beside = self.draft.listed(self.session.catalogue, placed.slot.key)
        return frozenset(other.id for other in beside if other.path != self.path)

    def compose_slots(self) -> ComposeResult:
        placed = self.placed
        for slot in placed.component.slots if placed and placed.component else ():
            yield SlotRow(slot)
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

    def _slot_path(self, row: SlotRow) -> str:
        return f"{self.path}/{row.slot.key}"

    def _show_slot(self, row: SlotRow) -> None:
        path = self._slot_path(row)
        placed = self.draft.placed(self.session.catalogue, path)
        if placed is None:
            row.show("", "", [])
            return
        faults = [
            f"{fault.key}: {fault.message}" if fault.key else fault.message for fault in self.draft.faults_at(path)
        ]
        refused = self.draft.refused(path)
        title = "  ".join([placed.title, *scripts_of(placed)])
        row.show(title, self.draft.news(path), [*faults, *([refused] if refused else [])])

    def standing(self) -> tuple[str, Kind]:
        said, kind = super().standing()
        refused = self.draft.refused(self.path)
        return (refused, "wrong") if refused and kind != "wrong" else (said, kind)

    def kept(self, values: dict[str, Value | None]) -> None:
        if "id" in values:
            self._renamed(str(values["id"]))

    def _renamed(self, id: str) -> None:
        self.path = f"{self.path.rpartition('/')[0]}/{id}"

    # Slots.

    def _slot(self) -> SlotRow | None:
        return self.focused if isinstance(self.focused, SlotRow) else None

    async def action_open(self) -> None:
        slot = self._slot()
        if slot is not None and slot.filled:
            await self.may_leave()
            await self.app.push_screen(ComponentScreen(self.tenant, self._slot_path(slot)))
        elif slot is not None and not self.session.locked:
            await self.action_add()

    async def action_add(self) -> None:
        empty = [row for row in self.query(SlotRow) if not row.filled]
        current = self._slot()
        slot = current if current in empty else next(iter(empty), None)
        if slot is None:
            self.say(f"{current.slot.title} is filled: d removes what is there" if current else "every slot is filled")
            return
        slot.focus()
        await add_component(self, slot.slot, lambda: self._slot_path(slot), self._added)

    async def _added(self, path: str) -> None:
        placed = self.draft.placed(self.session.catalogue, path)
        if placed is None or placed.component is None:
            return
        needs = [setting.key for setting in placed.component.described().values() if setting.required]
        if needs or placed.component.slots:
            await self.app.push_screen(ComponentScreen(self.tenant, path, first=needs[0] if needs else ""))
        else:
            self.say(f"added {placed.title}; enter opens it")
            self._slot_of(path).focus()

    def _slot_of(self, path: str) -> SlotRow:
        return next(row for row in self.query(SlotRow) if self._slot_path(row) == path)

    async def action_remove(self) -> None:
        slot, mine = self._slot(), self.placed
        placed = self.draft.placed(self.session.catalogue, self._slot_path(slot)) if slot else None
        if placed is None:
            self.say("d removes what fills a slot: go to one that is filled")
            return
        await remove_component(self, placed, needed_by=mine.title if mine else "")

    # $EDITOR and scripts.

    def action_edit(self) -> None:
        if not isinstance(self.focused, ScriptEditor):
            super().action_edit()
        elif self.focused.text:
            self.work(edit_script, self, self.tenant, self.focused.text)
        else:
            self.say("no script is chosen yet: enter chooses or makes one")

    def replaced(self, before: dict[str, Any]) -> None:
        if table_at(self.draft.view.data, self.path) is not None:
            return
        key, _, id = self.path.partition("/")  # it was given another id: it stands where it stood
        old = [str(item.get("id")) for item in before.get("device_communication", {}).get(key, [])]
        listed = self.draft.listed(self.session.catalogue, key)
        if id in old and len(listed) == len(old):
            self._renamed(listed[old.index(id)].id)

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


class TenantSettingsScreen(FormScreen):
    """The tenant's own settings."""

    TITLE = "Tenant settings"
    ABOUT = "The tenant's own settings: what people call it, and whether it starts with the engine."
    ACTIONS = FORM_ACTIONS

    def __init__(self, tenant: str) -> None:
        super().__init__(tenant, TENANT)

    @property
    def settings(self) -> dict[str, Setting]:
        return describe(TenantSettings)

    @property
    def fixed(self) -> frozenset[str]:
        return frozenset({"id"})

    @property
    def table(self) -> dict[str, Any]:
        return table_at(self.draft.view.data, TENANT) or {}

    def trail(self) -> tuple[str, ...]:
        return ("Tidegate", self.name_shown, "Tenant")


def scripts_of(placed: Placed) -> list[str]:
    """The scripts that a component names."""
    described = placed.component.described() if placed.component else {}
    return [str(placed.table[key]) for key, row in described.items() if row.kind == "script" and key in placed.table]
