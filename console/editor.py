"""$EDITOR on a temporary copy of what the engine keeps; the terminal comes back as it was."""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from core.errors import TidegateError

FALLBACKS = ("sensible-editor", "nano", "vim", "vi")


def editor_command() -> list[str]:
    """What edits a file here: $VISUAL, $EDITOR, or the first of the usual ones that is installed."""
    asked = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if asked:
        return shlex.split(asked)
    found = next((name for name in FALLBACKS if shutil.which(name)), None)
    if found is None:
        raise TidegateError("no editor was found: set $EDITOR to one")
    return [found]


async def edit_text(app: App[Any], text: str, name: str) -> str | None:
    """Lets the operator edit `text` in a file called `name`; None where it was left as it was."""
    command = editor_command()
    with tempfile.TemporaryDirectory(prefix="tidegate-edit-") as folder:
        file = Path(folder) / Path(name).name
        file.write_text(text, "utf-8")
        with _terminal_given_up(app):
            status = await _run([*command, str(file)])
        if status != 0:
            raise TidegateError(f"{command[0]} ended with status {status}; nothing was taken from it")
        try:
            edited = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TidegateError(f"what {command[0]} saved cannot be read: {error}") from error
    return None if edited == text else edited


async def _run(command: list[str]) -> int:
    """The editor has the terminal to itself, while the link to the engine lives on beside it.

    A ctrl+c there is the editor's: the terminal sends it to both. (A handler that does nothing is not inherited.)
    """
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        process = await asyncio.create_subprocess_exec(*command)
        return await process.wait()
    except OSError as error:
        raise TidegateError(f"{command[0]} cannot be run: {error.strerror}; set $EDITOR to an editor") from error
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _terminal_given_up(app: App[Any]) -> Generator[None]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(app.batch_update())  # nothing is drawn into the editor's screen
        with contextlib.suppress(SuspendNotSupported):  # without a terminal of ours there is none to give up
            stack.enter_context(app.suspend())
        yield
    app.refresh(layout=True)
