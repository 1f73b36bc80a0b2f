"""The dialog that makes a tenant: an id and a name, checked at every keystroke."""

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Label, Static

from console.screens.dialogs import Dialog
from console.text import mark
from core.catalogue.settings import describe
from core.catalogue.tenant import TenantSettings
from core.catalogue.values import check_text
from core.control.configurations import NewTenant


class NewTenantDialog(Dialog[NewTenant]):
    """Gives what to make, or None."""

    heading = "New Tenant"
    keys = "escape Cancel   tab Next   enter Create"

    def __init__(self, taken: set[str], id: str = "", name: str = "", said: str = "") -> None:
        super().__init__()
        self.said = said
        self.taken = taken
        self.begin = {"id": id, "name": name}
        self.settings = {key: describe(TenantSettings)[key] for key in self.begin}

    def compose_dialog(self) -> ComposeResult:
        if self.said:
            yield Static(self.said, classes="dialog-text", markup=False)
        for key, setting in self.settings.items():
            yield Label(setting.title, markup=False)
            yield Input(self.begin[key], placeholder=setting.description, compact=True, id=f"new-{key}")
            yield Static("", classes="problem", id=f"problem-{key}", markup=False)

    def _problem(self, key: str) -> str | None:
        text = self.query_one(f"#new-{key}", Input).value
        if key == "id" and text.strip() in self.taken:
            return f"a tenant {text.strip()} is there already"
        return check_text(self.settings[key], text)

    @on(Input.Changed)
    def _check(self, event: Input.Changed) -> None:
        key = (event.input.id or "").removeprefix("new-")
        problem = self._problem(key) if event.value else None
        self.query_one(f"#problem-{key}", Static).update(f"{mark('error')} {problem}" if problem else "")

    @on(Input.Submitted)
    def _create(self, event: Input.Submitted) -> None:
        for key in self.settings:
            problem = self._problem(key)
            if problem:
                line = self.query_one(f"#new-{key}", Input)
                if event.input is line or line.value:
                    self.query_one(f"#problem-{key}", Static).update(f"{mark('error')} {problem}")
                line.focus()
                return
        values = {key: self.query_one(f"#new-{key}", Input).value.strip() for key in self.settings}
        self.answer(NewTenant(**values))
