"""Every action of the console, declared once.

Bindings, footer, `?`, the command palette and the `:` line are made from these declarations. A screen says which of
them it has (`ACTIONS`, most important first) and implements each as `action_<name>`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from textual.binding import Binding

Danger = Literal["", "changes", "removes"]


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an operator can do. `danger` says that it changes something, or takes something away: then it needs the
    admin role, and where it removes it asks first."""

    name: str
    title: str
    key: str
    """Textual's names of the keys, separated by commas; the first is shown."""
    description: str
    danger: Danger = ""

    def titled(self, title: str, description: str = "") -> "Action":
        """The same action as one screen words it."""
        return replace(self, title=title, description=description or self.description)

    @property
    def shown_key(self) -> str:
        """The first key as footer and help write it."""
        first = self.key.split(",")[0]
        return _SHOWN.get(first, first.replace("ctrl+", "^"))

    def binding(self) -> Binding:
        """The binding that performs it."""
        return Binding(self.key, f"perform('{self.name}')", self.title, show=False, tooltip=self.description)


_SHOWN = {"question_mark": "?", "slash": "/", "colon": ":", "f1": "F1", "J": "J/K"}

_DECLARED = (
    Action("next_field", "Next", "tab", "goes to the next field; shift+tab to the one before"),
    Action("other_pane", "Other pane", "tab", "goes to the next pane"),
    Action("open", "Open", "enter", "opens the current row"),
    Action("back", "Back", "escape", "goes back to where one came from"),
    Action("add", "Add Component", "a", "adds a component", "changes"),
    Action("edit", "Edit", "e", "edits in $EDITOR", "changes"),
    Action("remove", "Remove", "d", "removes the current one, after a question", "removes"),
    Action("move_down", "Move", "J", "moves the current row down", "changes"),
    Action("move_up", "Move up", "K", "moves the current row up", "changes"),
    Action("stage", "Stage", "ctrl+s", "Stage Updates: keeps the draft aside until it is applied", "changes"),
    Action("plan", "Plan", "p", "shows what is staged against what is active, and applies it"),
    Action("power", "Start/Stop", "S", "starts or stops, after a question where devices would notice", "changes"),
    Action("import", "Import", "I", "brings in a SiteWhere tenant configuration, after a preview", "changes"),
    Action("apply", "Apply", "enter", "makes what is staged active, all or nothing", "changes"),
    Action("take_back", "Take back", "x", "takes one staged change back", "changes"),
    Action("discard", "Discard all", "D", "discards everything that is staged, after a question", "removes"),
    Action("pause", "Pause", "space", "pauses the feed, and follows it again"),
    Action("filter", "Filter", "slash", "filters what is shown, or searches it"),
    Action("next", "Next", "n", "goes to the next match"),
    Action("previous", "Previous", "N", "goes to the previous match"),
    Action("failed", "Failed only", "f", "shows only what failed, or all again"),
    Action("mark", "Mark", "m", "marks the current row; an action then takes all marked"),
    Action("view", "View", "v", "shows the same in another way"),
    Action("copy", "Copy", "y", "copies to the clipboard"),
    Action("save", "Save", "w", "saves to a file"),
    Action("connections", "Connections", "c", "shows the connections of an event source"),
    Action(
        "dismiss_group",
        "Dismiss/Undo",
        "x",
        "dismisses the current group with a word why, or opens it again",
        "changes",
    ),
    Action("close", "Close Connection", "x", "closes the current connection, after a question", "removes"),
    Action("replay", "Replay", "r", "decodes kept requests again; shows first what would change", "changes"),
    Action(
        "begin_replay", "Replay", "enter", "decodes them again, after a question; goes on where it stopped", "changes"
    ),
    Action("stop_replay", "Stop", "x", "stops it after what it decodes at the moment; it can go on later", "changes"),
    Action("undo", "Undo", "u", "makes the decodes before current again, after a question", "removes"),
    Action("reindex", "Reindex", "R", "builds the index anew from the journal, or gives that up", "changes"),
    Action("backup", "Backup", "B", "writes this home into one file; says how far that is, or gives it up", "changes"),
    Action("received", "Last received", "ctrl+r", "takes the bytes that the source received last"),
    Action("tenant", "Tenant", "T", "chooses which tenant (or all) a feed shows"),
    Action("command", "Command", "colon", "takes a command in the command line's words"),
    Action("help", "Help", "question_mark", "shows what can be done here"),
    Action("manual", "Manual", "f1", "says what this screen is about"),
    Action("quit", "Quit", "q", "quits; asks first where the engine would stop"),
)

ACTIONS: dict[str, Action] = {action.name: action for action in _DECLARED}

EVERYWHERE = ("back", "command", "help", "manual", "quit")
"""Actions that every screen has, after its own."""

FOOTER_KEYS = 6


def with_everywhere(own: Iterable[Action]) -> tuple[Action, ...]:
    """A screen's own actions and those that every screen has."""
    named = {action.name: action for action in own}
    return (*named.values(), *(ACTIONS[name] for name in EVERYWHERE if name not in named))


def footer_actions(own: tuple[Action, ...]) -> tuple[Action, ...]:
    """What the footer shows where there is room: the most important of a screen's own, and help."""
    shown = [action for action in own if action.name != "help"]
    return (*shown[: FOOTER_KEYS - 1], ACTIONS["help"])
