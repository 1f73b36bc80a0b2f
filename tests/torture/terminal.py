"""A console on a pseudo terminal that somebody looks at: all that it writes is read, or it would stand still."""

import asyncio
import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Sequence


class Terminal:
    """One console, from its start to its end. It belongs to the running loop."""

    def __init__(self, command: Sequence[str], variables: dict[str, str]) -> None:
        self._master, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=far, stdout=far, stderr=far, env=variables
        )
        os.close(far)
        os.set_blocking(self._master, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._master, self._read)
        self.written = 0
        """Bytes."""
        self.shown = asyncio.Event()
        """Set when it shows something, or has ended: from then on it starts no engine of its own."""

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def _read(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody is at the other end any more
            data = b""
        if not data:
            self._loop.remove_reader(self._master)
            self.shown.set()
        self.written += len(data)
        if not self.shown.is_set() and b"Manage Tenants" in data:
            self.shown.set()
            os.write(self._master, b"2")

    def kill(self) -> None:
        self._loop.remove_reader(self._master)
        self._process.kill()
        self._process.wait()
        os.close(self._master)
