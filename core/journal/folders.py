"""Which segments there are: the journal's folders, read again only when their times change."""

import os
import re
import time
from pathlib import Path
from typing import Final

from core.journal.decodes import FOLDER
from core.journal.followed import SETTLED_NS

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SEGMENT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.db")


class Folders:
    """`segments` holds the file of each segment by its path in the journal, `<tenant>/<source>/<name>.db`; that of a
    decode segment is `<tenant>/<source>/replays/<name>.db`."""

    def __init__(self, journal_dir: Path) -> None:
        self.journal_dir = journal_dir
        self.segments: dict[str, Path] = {}
        self._times: dict[str, int] | None = None

    def forget(self) -> None:
        """Has everything read again at the next look."""
        self._times = None

    def changed(self, thoroughly: bool) -> bool:
        """Looks, and says whether segments may have come or gone since the last look."""
        if self._times is not None and not thoroughly and self._keep_their_times(self._times):
            return False
        first = self._times is None
        now = time.time_ns()
        before = self.segments
        times: dict[str, int] = {}
        self.segments = _segments(self.journal_dir, times)
        # A folder that was written just now may be written again without its time changing.
        self._times = {path: at if now - at > SETTLED_NS else 0 for path, at in times.items()}
        return first or self.segments.keys() != before.keys()

    def _keep_their_times(self, times: dict[str, int]) -> bool:
        try:
            return all(os.stat(path).st_mtime_ns == at for path, at in times.items())
        except FileNotFoundError:
            return False


def _segments(journal_dir: Path, times: dict[str, int]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for tenant in _entries(journal_dir, times):
        if not _ID.fullmatch(tenant.name) or not tenant.is_dir():
            continue
        for source in _entries(Path(tenant.path), times):
            if not _ID.fullmatch(source.name) or not source.is_dir():
                continue
            of_source = f"{tenant.name}/{source.name}"
            for file in _entries(Path(source.path), times):
                if _SEGMENT.fullmatch(file.name):
                    found[f"{of_source}/{file.name}"] = Path(file.path)
                elif file.name == FOLDER and file.is_dir():
                    for decodes in _entries(Path(file.path), times):
                        if _SEGMENT.fullmatch(decodes.name):
                            found[f"{of_source}/{FOLDER}/{decodes.name}"] = Path(decodes.path)
    return found


def _entries(folder: Path, times: dict[str, int]) -> "list[os.DirEntry[str]]":
    """A folder's entries; its time is noted before they are read."""
    try:
        times[str(folder)] = folder.stat().st_mtime_ns
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        times.pop(str(folder), None)
        return []
