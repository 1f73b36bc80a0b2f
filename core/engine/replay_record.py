"""Replays as an engine remembers them: one JSON file each, with the script that was given and what a dry run found."""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from uuid_utils import uuid7

from core.config.files import make_folder, write_text
from core.control.replays import Changes, Replay, ReplayState, ReplayStatus, RequestChange
from core.errors import NotFound
from core.model.dates import now_text

LOG = logging.getLogger("tidegate.engine")

MOST_KEPT: Final = 500
"""Replays that are remembered; of more the oldest that have ended are forgotten. What they decoded stays."""
MOST_PAGE: Final = 500
NAMED_SHOWN: Final = 20
"""Named requests that a replay's status has, which is told twice a second."""


class Record(msgspec.Struct, kw_only=True):
    """What is kept of one replay. The counts are those of the last write."""

    status: ReplayStatus
    requests: list[str]
    """Those that were named, all of them; `status` has the first ones."""
    undoing: bool = False
    """It is being undone, whether that goes on or was cancelled."""
    casualties: dict[str, str] = {}
    """Requests that ended its process, by the hexadecimal digits of their ids, and how."""
    suspects: list[str] = []
    """Requests that were being decoded when somebody killed the process: not their fault, once."""


class Records:
    """The folder of replays. Every write is whole and on disk when it returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records: dict[str, Record] = {}
        for record in self._read():
            self._records[record.status.id] = record

    def __iter__(self) -> Iterator[Record]:
        """The oldest first."""
        return iter(sorted(self._records.values(), key=lambda record: record.status.id))

    def get(self, id: str) -> Record:
        """The replay of that id; NotFound where none is remembered."""
        record = self._records.get(id)
        if record is None:
            raise NotFound(f"there is no replay {id}: `tidegate replay --list` shows those that there are")
        return record

    def begin(self, asked: Replay) -> Record:
        """Remembers a new one."""
        id = str(uuid7())
        kept = msgspec.structs.replace(asked, script=None, requests=asked.requests[:NAMED_SHOWN])
        status = ReplayStatus(
            id=id,
            tenant=asked.tenant,
            state="running",
            dry_run=asked.dry_run,
            asked=kept,
            named=len(asked.requests),
            created=now_text(),
        )
        record = Record(status=status, requests=asked.requests)
        make_folder(self.of(id))
        if asked.script is not None:
            make_folder(self.scripts(id))
            write_text(self.scripts(id) / asked.script.name, asked.script.text)
            kept.script = msgspec.structs.replace(asked.script, text="")
        self._records[id] = record
        self.keep(record)
        self._forget_oldest()
        return record

    def keep(self, record: Record) -> None:
        """Writes a replay's file."""
        write_text(self.of(record.status.id) / "replay.json", msgspec.json.encode(record).decode())

    def of(self, id: str) -> Path:
        """A replay's own folder."""
        return self.folder / id

    def scripts(self, id: str) -> Path:
        """Where the script is that was given."""
        return self.of(id) / "scripts"

    def changes_file(self, id: str) -> Path:
        """What a dry run found, a `RequestChange` a line."""
        return self.of(id) / "changes.jsonl"

    def changes(self, id: str, after: int, limit: int) -> Changes:
        """A page of what a dry run found."""
        self.get(id)
        limit = min(max(limit, 1), MOST_PAGE)
        page: list[RequestChange] = []
        try:
            with self.changes_file(id).open("rb") as lines:
                for number, line in enumerate(lines):
                    if number < after or not line.endswith(b"\n"):
                        continue
                    if len(page) == limit:
                        return Changes(changes=page, more=True)
                    page.append(msgspec.json.decode(line, type=RequestChange))
        except FileNotFoundError:
            pass
        return Changes(changes=page)

    def forget_tenant(self, tenant: str) -> None:
        """Nothing of a tenant's replays is remembered any more."""
        for record in [record for record in self if record.status.tenant == tenant]:
            self._forget(record)

    def _read(self) -> Iterator[Record]:
        for file in sorted(self.folder.glob("*/replay.json")):
            try:
                yield msgspec.json.decode(file.read_bytes(), type=Record)
            except (OSError, msgspec.MsgspecError) as error:
                LOG.error("%s cannot be read: %s", file, error)

    def _forget_oldest(self) -> None:
        ended = [record for record in self if not is_going(record.status.state)]
        for record in ended[: max(0, len(self._records) - MOST_KEPT)]:
            self._forget(record)

    def _forget(self, record: Record) -> None:
        del self._records[record.status.id]
        with contextlib.suppress(OSError):
            shutil.rmtree(self.of(record.status.id))


def is_going(state: ReplayState) -> bool:
    """Whether a process works on it, or should."""
    return state in ("running", "undoing")
