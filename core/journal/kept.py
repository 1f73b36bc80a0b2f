"""Whether a request stands in the journal already, asked of the segments themselves."""

import contextlib
import sqlite3
from pathlib import Path

from core.journal.indexed import connect
from core.journal.sqlite_files import log_of


def is_kept(folder: Path, request: bytes, received: int) -> bool:
    """Whether a segment of a source, in `folder`, has this request, which was received then (milliseconds since the
    epoch). Segments that were not written since are passed over; one that cannot be read counts as one without it."""
    for file in folder.glob("*.db"):
        with contextlib.suppress(OSError, sqlite3.Error):
            if _written(file) * 1000 < received:
                continue
            with contextlib.closing(connect(file, read_only=True)) as connection:
                if connection.execute("SELECT 1 FROM requests WHERE id = ?", (request,)).fetchone():
                    return True
    return False


def _written(file: Path) -> float:
    """When a segment was written last, in seconds since the epoch."""
    times = [file.stat().st_mtime]
    with contextlib.suppress(FileNotFoundError):
        times.append(log_of(file).stat().st_mtime)
    return max(times)
