"""What a backup is: a tar (POSIX pax) compressed with Zstandard, which `tar --zstd` lists and unpacks too.

The first member, `tidegate-backup.json`, says what it is; then come the home's files by their paths in the home; the
last member, `manifest.json`, has the size and the SHA-256 of each. A file that was cut off lacks the last.
"""

import re
from pathlib import PurePosixPath
from typing import Final

import msgspec

from core.errors import TidegateError

FORMAT: Final = 1
"""A backup of a greater one is of a newer Tidegate, and not read."""

HEADER: Final = "tidegate-backup.json"
MANIFEST: Final = "manifest.json"

MAGIC: Final = b"\x28\xb5\x2f\xfd"
"""The first bytes of Zstandard's frames (RFC 8878 3.1.1)."""

MOST_HEADER: Final = 64 << 10
MOST_MANIFEST: Final = 256 << 20
"""Bytes of the two that are read: a million segments need about 200 MiB."""

LONGEST_PATH: Final = 1024

_TOPS: Final = ("scripts", "tenants")
_SEGMENT: Final = re.compile(
    r"data/journal/[A-Za-z0-9][A-Za-z0-9_-]{0,63}/[A-Za-z0-9][A-Za-z0-9_-]{0,63}/(replays/)?[0-9a-f-]{36}\.db(-wal)?"
)
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Header(msgspec.Struct, kw_only=True):
    """The first member."""

    format: int
    version: str
    """Of the Tidegate that made it."""
    created: str
    host: str
    home: str
    secrets: bool
    """Whether secrets are in it."""
    bytes: int
    """Of all files together, about: what a restore needs room for."""


class Entry(msgspec.Struct, kw_only=True):
    """One file of the home."""

    path: str
    size: int
    sha256: str
    rows: int | None = None
    """Requests in it, or decodes of a replay, where it is a segment that was copied whole."""


class Manifest(msgspec.Struct, kw_only=True):
    """The last member."""

    entries: list[Entry]
    missing_secrets: list[str] = []
    """Files that hold secrets and are not in the backup: below the home, or elsewhere by their whole path."""
    variables: list[str] = []
    """Environment variables that hold secrets."""
    damaged: list[str] = []
    """Segments that were damaged in the home; their bytes are here as they were."""


class BadBackup(TidegateError):
    """A file that is no backup, is damaged, or holds what no backup holds."""


def path_problem(path: str) -> str | None:
    """Why a member of that path has no place in a home, in words that go behind the path; None where it has one."""
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts:
        return "leads out of the home"
    if len(path) > LONGEST_PATH or _UNPRINTABLE.search(path) or str(PurePosixPath(path)) != path:
        return "is no path of a home"
    if path in ("instance.toml", "data/dismissed.json") or _SEGMENT.fullmatch(path):
        return None
    if len(parts) > 1 and (parts[0] in _TOPS or parts[:2] == ("data", "replays")):
        return None
    return "is nothing that a backup holds"
