"""The console on a real terminal: one that goes away, and one that an editor is given for a while."""

import asyncio
import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import embedded
from core.control.client import connected
from tests.cli.tidegate import COMMAND, PATIENCE, Homestead, environment, free_port


class Terminal:
    """A console on a pseudo terminal of 80x24."""

    def __init__(self, home: Path, *before: str, **variables: str) -> None:
        """`before` is a command that starts the console."""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.console = subprocess.Popen(
            ["setsid", "--ctty", *before, *COMMAND, "--home", str(home)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment(TERM="xterm-256color", **variables),
        )
        os.close(slave)
        self._bytes = b""

    @property
    def written(self) -> str:
        """All that the console wrote, without colours and cursor movements."""
        return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", self._bytes.decode(errors="replace"))

    def sees(self, text: str) -> None:
        """Waits until the console has written `text`."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.written:
            assert time.monotonic() < deadline, f"waited too long for {text!r}; written: {self.written[-2000:]!r}"
            self._read()

    def _read(self) -> None:
        if select.select([self._master], [], [], 0.1)[0]:
            self._bytes += os.read(self._master, 65536)

    def types(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def hang_up(self) -> None:
        """The line is gone, as when an SSH session drops."""
        os.close(self._master)
        self.console.wait(PATIENCE)

    def ended(self) -> int:
        """The console's exit status, when it has ended by itself."""
        deadline = time.monotonic() + PATIENCE
        while self.console.poll() is None:
            assert time.monotonic() < deadline, "waited too long for the console to end"
            with contextlib.suppress(OSError):  # nobody is left at the other end
                self._read()  # a terminal that is not read holds up who writes to it
        os.close(self._master)
        return self.console.wait()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Homestead]:
    homestead = Homestead(tmp_path / "home", free_port())
    assert homestead("init", "--port", str(homestead.port)).status == 0
    yield homestead
    with contextlib.suppress(embedded.EngineGone):
        asyncio.run(_end(homestead))


async def _end(homestead: Homestead) -> None:
    async with connected(homestead.path / "data" / "control.sock") as client:
        await client.call("shutdown")
        await client.closed.wait()


@pytest.mark.parametrize("before", [(), ("env", "--ignore-signal=HUP")], ids=["", "deaf to hangups"])
def test_a_lost_terminal_leaves_the_engine_running(home: Homestead, tmp_path: Path, before: tuple[str, ...]) -> None:
    terminal = Terminal(home.path, *before, XDG_CONFIG_HOME=str(tmp_path))
    terminal.sees("Manage Tenants")
    terminal.sees("1 of 1")
    terminal.hang_up()
    assert home.post(b'{"id": 278998, "rssi": -111}') == 200


def test_an_editor_gets_a_plain_terminal_and_gives_it_back(home: Homestead, tmp_path: Path) -> None:
    editor, settings = tmp_path / "editor", tmp_path / "settings"
    does = f'stty -a > {settings}\necho "the editor is open"\nread line\necho "# $line" >> "$1"\n'
    editor.write_text(f"#!/bin/sh\n{does}")
    editor.chmod(0o755)
    terminal = Terminal(home.path, XDG_CONFIG_HOME=str(tmp_path), EDITOR=str(editor))
    terminal.sees("1 of 1")
    terminal.types("\re")
    terminal.sees("the editor is open")
    assert " icanon" in settings.read_text()
    assert " echo " in settings.read_text()
    terminal.types("typed into the editor\r")
    terminal.sees("what was saved is this draft")
    terminal.types("\x13")
    terminal.sees("staged: p shows what it means")
    assert "# typed into the editor" in (home.path / "tenants" / "default" / "staged.toml").read_text()
    terminal.types("\x11")
    terminal.sees("Stop the engine and quit")
    terminal.types("s")
    assert terminal.ended() == 0
    assert not embedded_runs(home)


def embedded_runs(home: Homestead) -> bool:
    """Whether an engine answers for the home."""
    try:
        asyncio.run(_end(home))
    except embedded.EngineGone:
        return False
    return True
