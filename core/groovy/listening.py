"""The sidecar's listening socket."""

import socket
from pathlib import Path

from core.errors import TidegateError

BACKLOG = 1024


def listen(path: Path) -> socket.socket:
    """A listening Unix socket that only this user may reach. TidegateError where it cannot be."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)  # an engine that was killed left it
        listener.bind(str(path))
        path.chmod(0o600)  # nobody can connect before it listens
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise TidegateError(f"cannot listen on {path}: {error.strerror or error}") from error
    return listener
