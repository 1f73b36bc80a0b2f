"""`tidegate control`: bytes from stdin to the engine's control socket and back, for a console at the far end of ssh."""

import contextlib
import os
import socket
import sys
import threading
from pathlib import Path

from core.cli.reach import NoEngine, forbidden
from core.control.address import control_socket
from core.errors import TidegateError

CHUNK = 65536


def bridge(home: Path) -> int:
    """Carries bytes both ways until the engine ends the connection, as it does when stdin ended and all is answered."""
    path = control_socket(home)
    with socket.socket(socket.AF_UNIX) as engine:
        try:
            engine.connect(str(path))
        except PermissionError as error:
            raise TidegateError(forbidden(path)) from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NoEngine(home) from error
        threading.Thread(target=_carry_in, args=(engine,), daemon=True).start()
        while chunk := engine.recv(CHUNK):
            sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
    return 0


def _carry_in(engine: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the engine has gone; the other direction sees it too
        while chunk := os.read(sys.stdin.fileno(), CHUNK):
            engine.sendall(chunk)
        engine.shutdown(socket.SHUT_WR)
