"""What leaves the console: saved to a file, or copied to the clipboard."""

import asyncio
from datetime import datetime
from pathlib import Path

from textual.app import ComposeResult
from textual.widgets import Input, Static

from console.screens.dialogs import Dialog
from core.errors import TidegateError

CLIPBOARD_SURE = 74_994
"""Bytes that every terminal with OSC 52 takes: xterm's limit, in base64, is 100,000."""


class SaveAs(Dialog[Path]):
    """A path to save to; None where it was cancelled. A file that is there already is not overwritten."""

    keys = "escape Cancel   enter Save"

    def __init__(self, what: str, how: str, name: str) -> None:
        super().__init__()
        self.heading, self.how, self.name_offered = f"Save {what}", how, name

    def compose_dialog(self) -> ComposeResult:
        yield Static(self.how, classes="dialog-text", markup=False)
        field = Input(str(Path.cwd() / self.name_offered), select_on_focus=False)
        field.cursor_blink = False
        yield field
        yield Static("", classes="problem", markup=False)

    def on_input_changed(self, message: Input.Changed) -> None:
        self.query_one(".problem", Static).update(problem_with(typed_path(message.value)))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        path = typed_path(message.value)
        if not problem_with(path):
            self.dismiss(path)


def typed_path(text: str) -> Path:
    """The path that someone typed: `~` is their home."""
    try:
        return Path(text.strip()).expanduser()
    except RuntimeError:  # a ~name that nobody has
        return Path(text.strip())


def problem_with(path: Path) -> str:
    """Why nothing can be saved there; empty where it can."""
    try:
        if path.is_dir():
            return "this is a folder: give a file's name in it"
        if path.exists():
            return "there is a file of that name already: it is not overwritten"
        if not path.parent.is_dir():
            return f"there is no folder {path.parent}"
    except OSError as error:
        return f"{error.strerror or error}"
    return ""


def dated(stem: str, suffix: str) -> str:
    """A name that says when: `tidegate-lora-20260301-140211.jsonl`."""
    return f"{stem}-{datetime.now():%Y%m%d-%H%M%S}{suffix}"


async def save_new(path: Path, data: bytes) -> int:
    """Writes a file that is not there yet; how many bytes it has. TidegateError where that fails."""
    try:
        await asyncio.to_thread(_write, path, data)
    except OSError as error:
        raise TidegateError(f"{path} was not saved: {error.strerror or error}") from error
    return len(data)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)


def copied(what: str, size: int) -> str:
    """What a copy says of itself."""
    doubt = "; some terminals take no more than 74,994 B" if size > CLIPBOARD_SURE else ""
    return f"{what} copied, {size:,} B{doubt}"
