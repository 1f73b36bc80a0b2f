"""Frames found in some bytes, beside the settings that say where frames end: bytes are pasted or typed, and what a
framing makes of them is shown as its settings change."""

import re

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from console.forms.editors import TextEditor
from console.text import mark, plural, sign, visible
from core.catalogue.octets import octets
from core.control.frames import FrameFound, FramesFound

SHOWN = 30
"""Frames, and stretches between them, that are shown."""
HINT = "paste hex, or text with \\r \\n \\xNN; ^r takes what came last"
_BETWEEN = re.compile(r"[\s:,;-]+|0x")


class BytesEditor(TextEditor):
    """One line for bytes. Pasted lines become one."""

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.insert_text_at_cursor(" ".join(event.text.split("\n")).strip())


class FramesPreview(Vertical):
    """What stands below a framing's settings."""

    class Asked(Message):
        """The bytes are others: where are their frames?"""

    def __init__(self) -> None:
        super().__init__(id="frames-preview")
        self.fault = ""
        """Why what is typed is no bytes."""

    def compose(self) -> ComposeResult:
        yield Static("Frames found in these bytes", id="frames-title", markup=False)
        yield BytesEditor("", HINT)
        yield Static("", id="frames-found", markup=False)

    @property
    def data(self) -> bytes:
        """The bytes that are typed; none where what is typed is none, and `fault` says so."""
        text = self.query_one(BytesEditor).text
        try:
            data, self.fault = typed_bytes(text), ""
        except ValueError as error:
            data, self.fault = b"", str(error)
        return data

    def take(self, data: bytes) -> None:
        """Puts bytes into the line."""
        editor = self.query_one(BytesEditor)
        editor.value = data.hex(" ")
        editor.focus()

    @on(TextEditor.Edited)
    def _edited(self, event: TextEditor.Edited) -> None:
        event.stop()
        self.post_message(self.Asked())

    def show(self, found: FramesFound | None) -> None:
        """Shows what was found; None where there is nothing to look at."""
        text = Text()
        if self.fault:
            text.append(f"{mark('wrong')} {visible(self.fault)}", "bold")
        elif found is not None:
            text = found_text(found, max(20, self.size.width))
        self.query_one("#frames-found", Static).update(text)


def typed_bytes(text: str) -> bytes:
    """`78 78 0d`, `78:78:0d`, `0x78780d`, or text as settings have it; ValueError says what is wrong."""
    bare = _BETWEEN.sub("", text.strip())
    if bare and len(bare) % 2 == 0 and re.fullmatch("[0-9A-Fa-f]+", bare):
        return bytes.fromhex(bare)
    return octets(text)


def found_text(found: FramesFound, width: int) -> Text:
    """What was found, a line each."""
    frames = sum(each.frame is not None for each in found.found) + found.more
    parts = [plural(frames, "frame")]
    if found.tail:
        parts.append(f"{plural(found.tail, 'byte')} of an unfinished one")
    text = Text(", ".join(parts) + "\n", no_wrap=True)
    for number, each in enumerate(found.found[:SHOWN], 1):
        text.append_text(_line(number, each, width)).append("\n")
    hidden = len(found.found) - SHOWN + found.more
    if hidden > 0:
        text.append(f"and {hidden} more\n", "dim")
    if found.fault:
        text.append(f"{mark('wrong')} {visible(found.fault)}", "bold")
    return text


def _line(number: int, found: FrameFound, width: int) -> Text:
    """`1  at 0  18 B  78 78 0d 01 …`; what the decoder is given where that is something else."""
    start = f"{number:3}  at {found.at:<5} {len(found.wire):5} B  "
    if found.frame is None:
        line = Text(f"{start}{sign('·')} {visible(found.said or 'passed over')}", "dim")
    else:
        given = "" if found.frame == found.wire else f"  {sign('→')} {len(found.frame)} B  {found.frame.hex(' ')}"
        line = Text(start + found.wire.hex(" "))
        if given:
            line.truncate(max(len(start) + 11, width - min(len(given), width // 2)), overflow="ellipsis")
            line.append(given)
    line.truncate(width, overflow="ellipsis")
    return line
