"""The end of a console whose terminal has gone: an SSH session that dropped, a window that was closed.

The kernel says so with SIGHUP, but a process ignores that whose parent did, and only the terminal's own session hears
it. Textual would then read an end that never ends, with all of a processor.
"""

import os
import select
import signal
import sys
import threading
from typing import Final

STATUS: Final = 128 + signal.SIGHUP
"""Of a console that has ended so, as of one that the signal ends."""


def end_with_the_terminal() -> None:
    """From now on this process ends when its terminal does; where its input is none, nothing changes."""
    if sys.stdin.isatty():
        threading.Thread(target=_wait, args=(sys.stdin.fileno(),), name="hangup", daemon=True).start()


def _wait(terminal: int) -> None:
    waiting = select.poll()
    waiting.register(terminal, 0)  # a hangup is told unasked
    waiting.poll()
    os._exit(STATUS)  # who draws on the terminal may be held up for good
