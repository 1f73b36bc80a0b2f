"""One setting in a form: its label, its editor, and its help or what is wrong beside it."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from console.forms.editors import ChoiceEditor, ScriptEditor, TextEditor
from console.forms.secret_editor import SecretEditor
from console.forms.words import hint
from console.text import mark, visible
from core.catalogue.settings import Setting, Value
from core.catalogue.values import check_text, parse_text, value_text

Editor = TextEditor | ChoiceEditor | ScriptEditor | SecretEditor


class Field(Horizontal):
    """Checks what is typed at every keystroke; `problem` says what is wrong with it."""

    class Changed(Message):
        """The operator changed the value."""

        def __init__(self, field: "Field") -> None:
            super().__init__()
            self.field = field

    def __init__(
        self, setting: Setting, text: str, *, fixed: bool = False, others: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(id=f"field-{setting.key}")
        self.setting = setting
        self.fixed = fixed
        """It is shown and not to be changed here."""
        self.others = others
        """Values that others have already, where it must be one of its own."""
        self.editor = _editor(setting, text)
        self.kept = text
        """The text that the draft knows of; what is typed since then is newer than the draft."""
        self.editor.disabled = fixed
        self._refused = ""
        self.set_class(setting.kind == "secret", "-secret")

    def compose(self) -> ComposeResult:
        yield Static(self.setting.title, classes="field-title", markup=False)
        yield self.editor
        yield Static("", classes="field-note", markup=False)

    def on_mount(self) -> None:
        self._show_note()

    def on_descendant_focus(self) -> None:
        self.add_class("-current")

    def on_descendant_blur(self) -> None:
        self.remove_class("-current")

    @property
    def text(self) -> str:
        """What is typed or chosen."""
        return self.editor.text

    @property
    def problem(self) -> str | None:
        """What is wrong with it; None where it fits."""
        if self.text.strip() in self.others:
            return f"{self.text.strip()!r} is taken by another here"
        if self.secret:
            return None
        return check_text(self.setting, self.text)

    @property
    def value(self) -> Value | None:
        """The value for TOML; None where the default is to hold."""
        return parse_text(self.setting, self.text) if self.text.strip() else None

    @property
    def touched(self) -> bool:
        """Something was typed that the draft does not know of yet."""
        return self.text != self.kept or bool(self.secret)

    @property
    def secret(self) -> str:
        """A secret that was typed and that the engine does not keep yet."""
        return self.editor.typed if isinstance(self.editor, SecretEditor) else ""

    @property
    def unfinished(self) -> bool:
        """A secret is being typed: it is not taken before the field is left."""
        return isinstance(self.editor, SecretEditor) and self.editor.typing

    def hold(self, name: str, secret: str) -> None:
        """The engine keeps the secret that was typed."""
        if isinstance(self.editor, SecretEditor):
            self.editor.hold(name, secret)
        self._show_note()

    def refuse(self, why: str) -> None:
        """What was typed could not be kept; that stands beside it until it is edited."""
        self._refused = why
        self._show_note()

    def take(self, text: str) -> None:
        """Takes a value that was chosen in a dialog."""
        self.editor.show(text)
        self._show_note()

    def show(self, text: str, *, fault: str = "") -> None:
        """Shows what the draft says, and what the engine says against it; what is being typed is left alone."""
        emptied = self.editor.has_focus_within and not self.text.strip()
        if not self.touched and not emptied and not self._means(text):
            self.editor.show(text)
            self.kept = text
        self._show_note(fault)

    def _means(self, text: str) -> bool:
        """Whether `text` says no other value than what is there."""
        try:
            return parse_text(self.setting, text) == parse_text(self.setting, self.text)
        except ValueError:
            return text == self.text

    def on_text_editor_edited(self, event: TextEditor.Edited) -> None:
        event.stop()
        self._refused = ""
        self._show_note()
        self.post_message(self.Changed(self))

    def on_secret_editor_entered(self, event: SecretEditor.Entered) -> None:
        event.stop()
        self.post_message(self.Changed(self))

    def _show_note(self, fault: str = "") -> None:
        said = self._refused or self.problem or fault
        required = self.setting.required and not (self.text.strip() or self.secret)
        note = self.query_one(".field-note", Static)
        note.update(visible(f"{'!' if required else mark('error')} {said}" if said else hint(self.setting)))
        note.set_class(bool(said), "-wrong")


def _editor(setting: Setting, text: str) -> Editor:
    if setting.kind == "boolean":
        return ChoiceEditor(text, ("true", "false"))
    if setting.kind == "choice":
        return ChoiceEditor(text, setting.choices)
    if setting.kind == "script":
        return ScriptEditor(text)
    if setting.kind == "secret":
        return SecretEditor(text)
    default = "" if setting.default is None else value_text(setting.default)
    return TextEditor(text, placeholder=default)
