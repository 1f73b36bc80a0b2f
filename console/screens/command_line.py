"""The `:` line at the foot of a screen."""

import os
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from console.commands.command import Lead
from console.commands.table import COMMANDS, perform
from console.completion import completions
from console.screens.dialogs import Dialog
from console.session import console_of, session_of
from console.text import mark, visible
from core.errors import TidegateError

SHOWN = 6
"""Completions shown at a time."""


class CommandLine(Dialog[str | Lead]):
    """Takes a command; gives the sentence that says what came of it. `tab` completes, up and down recall."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete", show=False),
        Binding("up", "recall(-1)", "Earlier command", show=False),
        Binding("down", "recall(1)", "Later command", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(id="command-line"):
            yield Static("", id="command-hints", markup=False)
            yield Input(placeholder="a command, a tenant or TENANT/SOURCE", compact=True)

    def on_mount(self) -> None:
        self._place = len(self._history)
        self._hint("")

    @property
    def _history(self) -> list[str]:
        return session_of(self).commands

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._hint(event.value)

    def _hint(self, line: str) -> None:
        command = COMMANDS.get(line.split(" ")[0])
        lines = [Text(f"{command.usage}   {command.says}")] if command else []
        found = completions(session_of(self), line)
        lines += [Text(visible(f"  {completion}")) for completion in found[:SHOWN]]
        self.query_one("#command-hints", Static).update(Text("\n").join(lines))

    def action_complete(self) -> None:
        line = self.query_one(Input)
        found = completions(session_of(self), line.value)
        if found:
            common = os.path.commonprefix(found)  # noqa: RUF071 - it is text, and no path
            line.value = f"{found[0]} " if len(found) == 1 else max(line.value, common, key=len)
            line.cursor_position = len(line.value)

    def action_recall(self, by: int) -> None:
        self._place = max(0, min(len(self._history), self._place + by))
        line = self.query_one(Input)
        line.value = self._history[self._place] if self._place < len(self._history) else ""
        line.cursor_position = len(line.value)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.run_worker(self._perform(event.value), exclusive=True)

    async def _perform(self, line: str) -> None:
        hints = self.query_one("#command-hints", Static)
        if line.strip() and (not self._history or self._history[-1] != line):
            self._history.append(line)
        hints.update("…")
        try:
            self.answer(await perform(console_of(self), line))
        except TidegateError as error:
            hints.update(f"{mark('error')} {visible(str(error))}")
