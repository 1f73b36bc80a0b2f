"""What a replay's process is told, and what it tells: one JSON message a line, on its stdin and stdout."""

from typing import Any

import msgspec

from core.control.received import Query


class ReplaySource(msgspec.Struct, kw_only=True):
    """An event source whose requests are decoded again."""

    id: str
    decoder: dict[str, Any]
    """Its TOML table."""
    deduplicator: dict[str, Any] | None = None


class ReplayJob(msgspec.Struct, kw_only=True):
    """The first line of stdin. When stdin ends the process does, after what it decodes at the moment."""

    replay: str
    tenant: str
    sources: list[ReplaySource]
    query: Query
    requests: list[str]
    """Ids: these alone, where there are any."""
    undo: bool
    """The decodes of this replay are undone, and nothing is decoded."""
    dry_run: bool
    rate: float
    packages: list[str]
    script_folders: list[str]
    journal: str
    index: str
    slot: str
    changes: str
    """Where a dry run writes what would change."""
    segment_size: int
    free_disk: int
    max_memory: int
    groovy: str | None = None
    casualties: dict[str, str] = {}
    """Requests, by the hexadecimal digits of their ids, that ended this replay's process, and how: they have failed."""


class Progress(msgspec.Struct, tag=True, kw_only=True):
    """How far the replay has come, with what earlier processes of it did."""

    source: str | None = None
    total: int | None = None
    done: int = 0
    decoded: int = 0
    failed: int = 0
    changed: int = 0
    mended: int = 0
    broken: int = 0
    undone: int = 0


class Ended(msgspec.Struct, tag=True):
    """The last line: whole, or why it could not go on."""

    reason: str | None = None
    again: bool = False
    """It can go on once the index is whole."""
    stopped: bool = False
    """The engine wanted it to end before it had done all."""


Told = Progress | Ended
