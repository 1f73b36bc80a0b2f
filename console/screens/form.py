"""A form over one table of the draft, checked at every keystroke and brought into the draft as one types."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.css.query import NoMatches
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from console.editor import edit_text
from console.forms.editors import ChoiceEditor, ScriptEditor, TextEditor
from console.forms.field import Field
from console.forms.slot_list import SlotList
from console.forms.slots import FoldRow, SlotRow
from console.forms.words import full_help
from console.screens.base import Kind
from console.screens.of_tenant import OfTenantScreen
from console.screens.picker import Entry, Picker
from console.screens.secrets import keep_secret
from console.text import visible
from core.catalogue.settings import Setting, Value
from core.catalogue.values import shown_text, value_text
from core.control.configurations import Edit
from core.errors import Fault, TidegateError

NAMING = frozenset({"id", "name"})
KEPT_AFTER = 0.15
"""Seconds after the last keystroke until what was typed is brought into the draft."""
LEAVING = 2.0
"""Seconds that leaving a form waits for its last keystrokes to be brought into the draft."""
WIDE = 130
"""From this many columns on the right half shows the full help and the TOML."""


class Fields(VerticalScroll, inherit_bindings=False):
    """The scrolled part, without keys of its own: home and end go to the first and the last field, also where there
    is something to scroll to, and every move brings its field into sight."""


class FormScreen(OfTenantScreen):
    """A form over the table at `path`. Subclasses say which settings it has, and what stands above the fold."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home,g", "to_field(0)", "First field", show=False),
        Binding("end,G", "to_field(-1)", "Last field", show=False),
    ]

    def __init__(self, tenant: str, path: str, *, first: str = "") -> None:
        super().__init__(tenant)
        self.path = path
        self.first = first
        """The setting to begin on: of a new component the first that is required."""
        self._waiting: Timer | None = None
        self._keeping = asyncio.Lock()

    # What the form is of.

    @property
    def settings(self) -> dict[str, Setting]:
        """Its settings by key."""
        return {}

    @property
    def fixed(self) -> frozenset[str]:
        """Settings that are shown and not changed here."""
        return frozenset()

    @property
    def table(self) -> dict[str, Any]:  # a TOML table
        """What the draft says at `path`."""
        return {}

    @property
    def naming(self) -> frozenset[str]:
        """Settings that even an incomplete draft has: without them nothing names what the form is of."""
        return NAMING

    def others(self, key: str) -> frozenset[str]:
        """Values of this setting that others have already."""
        return frozenset()

    def compose_slots(self) -> ComposeResult:
        """What stands below the settings that are not folded."""
        yield from ()

    def compose_body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="left"):
                with Fields(id="form", can_focus=False):
                    yield Static(id="against", markup=False)
                    yield from self._fields(folded=False)
                    yield from self.compose_slots()
                    if any(setting.folded for setting in self.settings.values()):
                        yield FoldRow()
                        with Vertical(id="folded"):
                            yield from self._fields(folded=True)
                yield Static(id="help", markup=False)
            with VerticalScroll(id="right", can_focus=False):
                yield Static(id="full-help", markup=False)
                yield Static(id="toml", markup=False)

    def _fields(self, *, folded: bool) -> ComposeResult:
        for key, setting in self.settings.items():
            if setting.folded == folded:
                yield Field(setting, self._text_of(key), fixed=key in self.fixed, others=self.others(key))

    def _text_of(self, key: str) -> str:
        typed = self.draft.typed.get((self.path, key))
        if typed is not None:
            return typed
        return shown_text(self.settings[key], self.table.get(key, self.settings[key].default))

    def on_mount(self) -> None:
        for folded in self.query("#folded"):
            folded.display = False
        self.draft_changed()
        if not self.go_to_field(self.first):
            self._rest()

    def _rest(self) -> None:
        """Begins where a letter or digit is no edit: what is there already is not overwritten by a key too many."""
        for kind in (SlotRow, SlotList, ScriptEditor, FoldRow, ChoiceEditor, TextEditor):
            for widget in self.query(kind):
                if widget.focusable:
                    widget.focus()
                    return

    def on_resize(self) -> None:
        wide = self.size.width >= WIDE
        self.query_one("#right").display = wide
        self.query_one("#help").display = not wide
        self._show_side()

    # Showing.

    def draft_changed(self) -> None:
        own = [fault for fault in self.draft.faults if fault.path == self.path]
        self._show_against([fault for fault in own if fault.key not in self.settings])
        faults = {fault.key: fault.message for fault in own if self.table.get(fault.key) not in self.draft.making}
        for field in self.query(Field):
            key = field.setting.key
            field.others = self.others(key)
            field.show(self._text_of(key), fault=faults.get(key, ""))
        self._show_fold()
        self._show_side()

    def _show_against(self, faults: list[Fault]) -> None:
        """What is said against the whole of it, a key that is no setting, or a line of its script: there is no field
        beside which it could stand."""
        against = self.query_one("#against", Static)
        against.update("\n".join(_against(fault) for fault in faults))
        against.display = bool(faults)

    def _show_fold(self) -> None:
        folded = [field for field in self.query(Field) if field.setting.folded]
        changed = sum(field.text.strip() not in ("", value_text(field.setting.default)) for field in folded)
        for row in self.query(FoldRow):
            row.show(len(folded), changed)

    def _show_side(self) -> None:
        """The current setting's help: two lines below the form, or with the TOML on the right."""
        field = self.current_field()
        said = full_help(field.setting) if field else []
        title = f"{field.setting.title} ({field.setting.key})" if field else ""
        try:
            self.query_one("#help", Static).update("\n".join(said))
            self.query_one("#full-help", Static).update("\n\n".join(part for part in (title, *said) if part))
        except NoMatches:
            return  # being composed
        if self.size.width >= WIDE and self.draft.loaded.is_set():
            self.run_worker(partial(self.tried, self._show_toml), group="toml", exclusive=True)

    async def _show_toml(self) -> None:
        self.query_one("#toml", Static).update(visible(await self.toml(), lines=True))

    async def toml(self) -> str:
        """The TOML that this form stands for."""
        return await self.draft.component_text(self.path)

    def on_descendant_focus(self) -> None:
        self._show_side()
        self.refresh_frame()

    def standing(self) -> tuple[str, Kind]:
        current = self.current_field()
        fields = [*([current] if current else []), *self.query(Field)]
        wrong = next((field for field in fields if field.problem and field.text.strip()), None)
        return (f"{wrong.setting.key}: {wrong.problem}", "wrong") if wrong else super().standing()

    def current_field(self) -> Field | None:
        """The field that has the focus."""
        here: Widget | None = self.focused
        while here is not None and not isinstance(here, Field):
            here = here.parent if isinstance(here.parent, Widget) else None
        return here

    # Typing.

    @on(Field.Changed)
    def _typed(self) -> None:
        if self.session.locked:
            self.say(self.session.locked, "wrong")
            return
        if self._waiting is not None:
            self._waiting.stop()
        self._waiting = self.set_timer(KEPT_AFTER, lambda: self.work(self._settle_typed))
        self._show_fold()
        self.refresh_frame()

    async def settle(self) -> None:
        if self._waiting is not None:
            self._waiting.stop()
            self._waiting = None
        await self._settle([field for field in self.query(Field) if field.touched])

    async def _settle_typed(self) -> None:
        """Settles what has rested for a moment; a secret that is half typed is none yet."""
        await self._settle([field for field in self.query(Field) if field.touched and not field.unfinished])

    async def _settle(self, touched: list[Field]) -> None:
        async with self._keeping:
            if not touched or self.session.locked:
                return
            try:
                for field in touched:
                    if field.secret:
                        await keep_secret(self.link, self.draft, self.path, field)
            finally:
                await self._keep({field.setting.key: field for field in touched if not field.secret})

    async def _keep(self, fields: dict[str, Field]) -> None:
        """Brings what was typed into the draft: what fits as values, what does not as the text it is."""
        values: dict[str, Value | None] = {}
        for key, field in fields.items():
            field.kept = field.text
            self.draft.typed.pop((self.path, key), None)
            if field.problem and (field.text.strip() or key in self.naming):
                self.draft.typed[self.path, key] = field.text
            elif self._differs(field):
                values[key] = field.value
        if values:
            try:
                await self.draft.edit(Edit(op="set", path=self.path, values=values))
            except TidegateError:
                self.draft.typed.update({(self.path, key): fields[key].text for key in values})
                raise
            self.kept(values)
        self.show_draft()

    def _differs(self, field: Field) -> bool:
        key, value = field.setting.key, field.value
        if value is None:
            return key in self.table
        return value != self.table.get(key, field.setting.default)

    async def take(self, field: Field, text: str) -> None:
        """Takes a value that was chosen in a dialog."""
        field.take(text)
        await self.settle()

    def kept(self, values: dict[str, Value | None]) -> None:
        """These values are in the draft now."""

    async def may_leave(self) -> bool:
        try:
            async with asyncio.timeout(LEAVING):
                await self.settle()
        except (TidegateError, TimeoutError):
            return True  # what was typed stays with the draft, and is there when one comes back
        return True

    # Doing.

    def action_to_field(self, place: int) -> None:
        chain = self.focus_chain
        if chain:
            chain[place].focus()

    def action_next_field(self) -> None:
        self.focus_next()

    def go_to_field(self, key: str) -> bool:
        """Puts the focus on a setting, unfolding it; says whether it could."""
        for field in self.query(Field):
            if field.setting.key == key and not field.fixed:
                if field.setting.folded:
                    self.query_one(FoldRow).opened = True
                    self._turned()
                field.editor.focus()
                self.call_after_refresh(field.scroll_visible, animate=False)  # what was unfolded has no place before
                return True
        return False

    def action_edit(self) -> None:
        self.work(self._edit_toml)

    async def _edit_toml(self) -> None:
        await self.settle()
        edited = await edit_text(self.app, await self.toml(), f"{self.path.replace('/', '.')}.toml")
        if edited is None:
            self.say("it was left as it was")
            return
        before = self.draft.view.data
        await self.draft.edit(Edit(op="replace", path=self.path, text=edited))
        self.replaced(before)
        self.say("what was saved is in this draft; ^s stages it", "waits")
        self.show_draft()

    def replaced(self, before: dict[str, Any]) -> None:
        """The table is another by an edit of its text; `before` is what the whole draft said."""

    async def action_filter(self) -> None:
        entries = [
            Entry(setting.key, setting.title, setting.description, words=setting.key)
            for setting in self.settings.values()
        ]

        async def found(key: str) -> None:
            self.go_to_field(key)

        await self.ask(Picker("Find setting", entries, verb="Go to it"), found)

    @on(FoldRow.Turned)
    def _turned(self) -> None:
        row = self.query_one(FoldRow)
        self.query_one("#folded").display = row.opened
        row.refresh()


def _against(fault: Fault) -> str:
    place = f"{Path(fault.file).name} line {fault.line}" if fault.line and not fault.key else ""
    subject = place if fault.key in ("", "type") else fault.key
    return visible(f"! {subject}: {fault.message}" if subject else f"! {fault.message}")
