"""Where a home's control socket is."""

from pathlib import Path


def control_socket(home: Path) -> Path:
    """The socket of the engine of `home`: `data/control.sock`, or the one that `data/control.path` names."""
    try:
        return Path((home / "data" / "control.path").read_text().strip())
    except OSError:
        return home / "data" / "control.sock"
