"""Where a secret is, in two lines: how it is given, and its variable, its file, or itself, typed unseen."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from console.forms.editors import ChoiceEditor, TextEditor
from core.catalogue.secrets import KEPT, kept_name

IN_ENV, IN_FILE, TYPED = WAYS = ("environment variable", "file", "type it here")
_PLACES = {IN_ENV: "env", IN_FILE: "file"}
_HINTS = {IN_ENV: "NAME", IN_FILE: "path"}


class SecretEditor(Vertical):
    """`text` is `env:NAME` or `file:PATH`; `typed` is a secret that nobody has taken yet, shown as dots."""

    DEFAULT_CSS = """
    SecretEditor { height: 2; }
    """

    class Entered(Message):
        """A secret was typed, and the field left."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._kept = ""
        """The name of the secret that the engine keeps."""
        self._places = {IN_ENV: "", IN_FILE: ""}
        self._way = ChoiceEditor(IN_ENV, WAYS)
        self._place = TextEditor("")
        self._hidden = TextEditor("", password=True)
        self._read(text)

    def compose(self) -> ComposeResult:
        yield self._way
        yield self._place
        yield self._hidden

    def on_mount(self) -> None:
        self._show_way()

    def focus(self, scroll_visible: bool = True) -> "SecretEditor":
        self._way.focus(scroll_visible)
        return self

    @property
    def text(self) -> str:
        """Where the secret is, as `parse_text` reads it; empty where that is not said."""
        way = self._way.text
        if way == TYPED:
            return f"file:{KEPT}/{self._kept}" if self._kept else ""
        place = self._place.text.strip()
        return f"{_PLACES[way]}:{place}" if place else ""

    @property
    def typed(self) -> str:
        """The secret that stands in the password field."""
        return self._hidden.text if self._way.text == TYPED else ""

    @property
    def typing(self) -> bool:
        """A secret is being typed: it may not be whole yet."""
        return bool(self.typed) and self._hidden.has_focus

    def show(self, text: str) -> None:
        """Shows `text`, without calling it an edit."""
        if text != self.text:
            self._read(text)
            self._show_way()

    def hold(self, name: str, typed: str) -> None:
        """The engine keeps what was typed under that name: it is forgotten here."""
        self._kept = name
        if self._hidden.text == typed:
            self._hidden.show("")
        self._show_way()

    def _read(self, text: str) -> None:
        way, _, place = text.partition(":")
        kept = kept_name(place) if way == "file" else None
        self._kept = kept or ""
        if kept is not None:
            self._way.show(TYPED)
        elif way == "file":
            self._way.show(IN_FILE)
        elif text or self._way.text == TYPED:
            self._way.show(IN_ENV)
        if self._way.text != TYPED:
            self._places[self._way.text] = place
            self._place.show(place)

    def _show_way(self) -> None:
        way = self._way.text
        self._place.display, self._hidden.display = way != TYPED, way == TYPED
        self._place.placeholder = _HINTS.get(way, "")
        self._hidden.placeholder = "kept by the engine" if self._kept else "the secret"

    @on(TextEditor.Edited)
    def _edited(self, event: TextEditor.Edited) -> None:
        way = self._way.text
        if event.editor is self._place:
            self._places[way] = self._place.text
        elif event.editor is self._way:
            if way in self._places:
                self._place.show(self._places[way])
            else:
                self._hidden.show("")
            self._show_way()

    def on_descendant_blur(self) -> None:
        if self.typed and not self._hidden.has_focus and self.app.app_focus:  # another window is no other field
            self.post_message(self.Entered())
