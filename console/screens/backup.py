"""Backup: asks for the file, says how far it is, and why there is none where there is none."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from console.backing_up import BackingUp
from console.screens.dialogs import Dialog
from console.screens.save import dated, problem_with, typed_path
from console.text import mark, visible

LOOK_EVERY = 0.2
"""Seconds between two looks at how far it is."""
HOW = "Everything of this home in one file of this machine, {}. Devices are served meanwhile."
WITH = "with the secrets that are in the home: keep it as safe as those"
WITHOUT = "without secrets: `:backup FILE --with-secrets` takes them too"


class BackupDialog(Dialog[BackingUp]):
    """Gives the backup that has ended; None where it was closed before. `begin` starts one and gives it; `running` is
    one that runs already, which goes on when the dialog is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("x", "stop", "Stop", show=False)]
    heading = "Backup"

    def __init__(
        self,
        begin: Callable[[Path], BackingUp],
        running: BackingUp | None = None,
        offered: Path | None = None,
        *,
        with_secrets: bool = False,
    ) -> None:
        super().__init__()
        self._how = HOW.format(WITH if with_secrets else WITHOUT)
        self._begin = begin
        self._job = running
        file = running.file if running is not None else offered
        self._offered = file or Path.cwd() / dated("tidegate", ".tar.zst")

    def compose_dialog(self) -> ComposeResult:
        yield Static(self._how, classes="dialog-text", markup=False)
        field = Input(str(self._offered), select_on_focus=False)
        field.cursor_blink = False
        field.disabled = self._job is not None
        yield field
        yield Static("", classes="problem", markup=False)
        yield Static("", id="how-far", markup=False)

    def on_mount(self) -> None:
        self.set_interval(LOOK_EVERY, self._look)
        self._look()

    def _look(self) -> None:
        """Shows what runs; where that has ended well, it closes."""
        job = self._job
        running = job is not None and job.state == "running"
        field = self.query_one(Input)
        field.disabled, field.display = running, not running  # or it would take the `x`
        self.query_one("#how-far", Static).update(visible(job.words()) if job is not None and running else "")
        keys = "escape Leave it running   x Cancel the backup" if running else "escape Cancel   enter Back up"
        self.query_one(".dialog-keys", Static).update(keys)
        if job is None or running:
            return
        if job.state == "done":
            self.answer(job)
            return
        self._job = None
        self._say("the backup was cancelled: nothing is left of it" if job.state == "cancelled" else job.error)
        field.focus()

    def _say(self, problem: str) -> None:
        self.query_one(".problem", Static).update(f"{mark('error')} {visible(problem)}" if problem else "")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._say(problem_with(typed_path(event.value)))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        path = typed_path(event.value).absolute()
        if self._job is None and not problem_with(path):
            self._say("")
            self._job = self._begin(path)
            self._look()

    def action_stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
