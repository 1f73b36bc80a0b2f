"""The embedded engine: started where none runs for the console's home, outliving it unless it is told to stop."""

import asyncio
import sys
from pathlib import Path

from core.control.address import control_socket
from core.control.client import ControlClient, EngineGone
from core.control.greeting import Role
from core.errors import TidegateError

START_LIMIT = 15.0
"""Seconds an engine may take until its control socket answers."""
LOG_LIMIT = 10 << 20
LOG_TAIL_LINES = 12


async def reach(home: Path, role: Role | None = None) -> ControlClient:
    """A client of the engine of `home`; EngineGone where none runs, TidegateError where it may not be reached."""
    socket = control_socket(home)
    try:
        return await ControlClient.connect(socket, role)
    except PermissionError as error:
        raise TidegateError(
            f"an engine runs for {home}, but {socket} may not be opened by you: "
            f"ask to be made a member of its group{_group(socket)}"
        ) from error
    except OSError as error:
        raise EngineGone(f"no engine answers at {socket}: {error}") from error


def _group(socket: Path) -> str:
    try:
        return f" ({socket.group()})"
    except (OSError, KeyError):
        return ""


async def start(home: Path) -> None:
    """Starts an engine for `home` in a session of its own and waits until it answers.

    TidegateError tells in words why it did not, with the end of its log.
    """
    log = home / "data" / "engine.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    _rotate(log)
    began = log.stat().st_size if log.exists() else 0
    with log.open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "console.main", "serve", "--home", str(home), "--embedded"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            cwd="/",
        )
    try:
        async with asyncio.timeout(START_LIMIT):
            await _answers(home, process)
    except TimeoutError:
        process.kill()
        raise TidegateError(f"the engine did not answer within {START_LIMIT:.0f} s\n{_tail(log, began)}") from None
    except EngineGone as error:
        raise TidegateError(f"{error}\n{_tail(log, began)}") from None


async def _answers(home: Path, process: asyncio.subprocess.Process) -> None:
    while True:
        if process.returncode is not None:
            raise EngineGone(f"the engine ended with status {process.returncode} before it answered")
        try:
            await (await reach(home)).close()
        except EngineGone:
            await asyncio.sleep(0.05)
        else:
            return


def _rotate(log: Path) -> None:
    """Keeps one old log beside the current one, and neither grows without end."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.1"))


def _tail(log: Path, began: int) -> str:
    with log.open("rb") as opened:
        opened.seek(began)
        lines = opened.read(LOG_LIMIT).decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-LOG_TAIL_LINES:]) or f"{log} says nothing"
