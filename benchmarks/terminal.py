"""A program on a pseudo-terminal of 160 x 48, as an operator has it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence

ROWS, COLUMNS = 48, 160
KEPT = 131_072
"""Bytes of what was written last that are searched."""


class Terminal:
    """The program, and what it has written."""

    def __init__(
        self, command: Sequence[str], *, cwd: str | None = None, more: Mapping[str, str] | None = None
    ) -> None:
        self.written = 0
        self.text = b""
        self._draining: threading.Thread | None = None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", **(more or {}))
            if cwd is not None:
                os.chdir(cwd)
            os.execvp(command[0], list(command))
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def read(self, seconds: float) -> bool:
        """Takes what comes within so many seconds; False where the program has ended."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:  # the program has ended
            return False
        self.written += len(data)
        self.text = (self.text + data)[-KEPT:]
        return bool(data)

    def wait_for(self, pattern: bytes, seconds: float) -> bool:
        """Reads until this is written."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            if time.monotonic() > deadline or not self.read(0.05):
                return False
        return True

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def drain(self) -> None:
        """Reads on in a thread: a program whose terminal nobody reads stands still."""
        self._draining = threading.Thread(target=self._drain, daemon=True)
        self._draining.start()

    def _drain(self) -> None:
        while self.read(1.0):
            pass

    def close(self) -> None:
        """Ends the program."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        if self._draining is not None:
            self._draining.join(5.0)
        os.close(self.master)
