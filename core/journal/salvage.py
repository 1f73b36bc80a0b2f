"""Makes a readable segment of a damaged one: a process of its own, at the lowest priority.

The damaged files are kept, by their names, in `data/damaged/`, with a record beside them that says what was found. In
their place comes a segment with every row that can be read, each with the number it had. Whenever it is interrupted,
the damaged files are there, and the next run begins anew from them.
"""

import contextlib
import fcntl
import os
import sqlite3
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from core.config.files import make_folder, sync_folder, write_private
from core.control.states import DamagedSegment
from core.journal.decodes import FORMAT as DECODES_FORMAT
from core.journal.decodes import SCHEMA as DECODES_SCHEMA
from core.journal.pages import Pages, Row, Value
from core.journal.rows import FORMAT, INSERT_META, SCHEMA
from core.journal.set_aside import kept_file
from core.journal.sqlite_files import EVERY, WITH_ROWS, beside, log_of, remove
from core.processes import yield_to_others

_LINKED: Final = WITH_ROWS[::-1]
"""In this order, so that where the file is, its log is."""
SUFFIX: Final = ".salvaged"
"""Of a segment that is being made; the follower takes no notice of such a file."""
_AT_ONCE: Final = 500

_LOCK: Final = "hhqqi4x"
"""Linux's struct flock: kind, whence, start, length, process."""
_SHARED_FIRST: Final = 0x4000_0002
_SHARED_SIZE: Final = 510

_Kind = type[object] | tuple[type[object], ...]
_MAYBE_TEXT: Final = (str, type(None))
_MAYBE_BYTES: Final = (bytes, type(None))
_MAYBE_INT: Final = (int, type(None))

_REQUEST: Final[tuple[_Kind, ...]] = (
    *(type(None), bytes, int, str, _MAYBE_INT, _MAYBE_BYTES, _MAYBE_BYTES, _MAYBE_BYTES, int, _MAYBE_BYTES),
    *(_MAYBE_TEXT, _MAYBE_BYTES, _MAYBE_INT, _MAYBE_INT, _MAYBE_TEXT, int, int),
    *(_MAYBE_BYTES, _MAYBE_BYTES, _MAYBE_BYTES),
)
_HEAD: Final[tuple[_Kind, ...]] = (type(None), _MAYBE_TEXT, _MAYBE_TEXT, _MAYBE_BYTES, _MAYBE_BYTES)
_META: Final[tuple[_Kind, ...]] = (str, str)
_DECODE: Final[tuple[_Kind, ...]] = (
    *(type(None), bytes, int, int, int, _MAYBE_INT, _MAYBE_BYTES, _MAYBE_TEXT, _MAYBE_BYTES, _MAYBE_INT, _MAYBE_TEXT),
    *(_MAYBE_INT, int, _MAYBE_INT),
)
_Wanted = dict[str, tuple[_Kind, ...]]
"""The kinds of a row's columns, by its table."""
_LATER: Final = {len(_REQUEST) - 3: 3, len(_REQUEST) - 1: 1}
"""How many columns a request of an earlier format lacks, by how many it has."""


class SalvageJob(msgspec.Struct, kw_only=True):
    """What the process is given."""

    journal: str
    damaged: str
    """The folder for damaged segments."""
    path: str
    """The segment's, in the journal."""
    reason: str
    found: str
    """When, in UTC."""
    known: int
    """The number of its last row that the index has taken."""
    deduplicator: str | None = None
    again: bool = False
    """It was salvaged before, and is damaged once more."""


def salvage(job: SalvageJob) -> DamagedSegment:
    """Sets a damaged segment aside, and puts what can be read of it in its place. OSError or sqlite3.Error says why
    that cannot be done now; then everything is as it was."""
    file = Path(job.journal) / job.path
    if (holder := holder_of(file)) is not None:
        raise OSError(f"process {holder} has it open still")
    records = _records(Path(job.damaged), job.path)
    done = [record for record in records if record.exists()]
    if done and not job.again and not _is_same(kept_file(done[-1]), file):
        return msgspec.json.decode(done[-1].read_bytes(), type=DamagedSegment)  # only the word of it was lost
    record = next(record for record in records if not record.exists())
    kept = kept_file(record)
    _keep(file, kept)
    made = file.with_name(file.name + SUFFIX)
    made.unlink(missing_ok=True)
    saved, last = _copy(kept, made, job)
    tenant, source, *_ = job.path.split("/")
    damaged = DamagedSegment(
        tenant=tenant,
        source=source,
        segment=job.path,
        reason=job.reason,
        found=job.found,
        saved=saved,
        lost=max(last, job.known) - saved,
        kept=str(kept),
    )
    remove(file, EVERY[1:])  # or they would be applied to what takes its place
    os.replace(made, file)
    sync_folder(file.parent)
    if not (damaged.saved or damaged.lost):
        return _never_begun(damaged, kept)
    write_private(record, msgspec.json.encode(damaged))
    return damaged


def _never_begun(damaged: DamagedSegment, kept: Path) -> DamagedSegment:
    """Its writer ended while it made it: there was nothing in it, and nothing is worth keeping or telling."""
    remove(kept, WITH_ROWS)
    return msgspec.structs.replace(damaged, kept=None)


def holder_of(file: Path) -> int | None:
    """A process that has a SQLite file open (sqlite.org/src: SHARED_FIRST and SHARED_SIZE); None where none has."""
    with file.open("rb") as opened:
        asked = struct.pack(_LOCK, fcntl.F_WRLCK, os.SEEK_SET, _SHARED_FIRST, _SHARED_SIZE, 0)
        kind, *_, pid = struct.unpack(_LOCK, fcntl.fcntl(opened, fcntl.F_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else pid


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and os.path.samefile(one, other)


def _records(damaged: Path, path: str) -> list[Path]:
    """Places for the records of one segment, in their order."""
    place = damaged / path.removesuffix(".db")
    return [place.with_name(f"{place.name}.json"), *(place.with_name(f"{place.name}.{n}.json") for n in range(2, 100))]


def _keep(file: Path, kept: Path) -> None:
    """Gives the damaged files a second name, unless an interrupted run did."""
    make_folder(kept.parent)
    if not kept.exists():
        for each, second in zip(beside(file, _LINKED), beside(kept, _LINKED), strict=True):
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                os.link(each, second)
        sync_folder(kept.parent)


def _copy(kept: Path, made: Path, job: SalvageJob) -> tuple[int, int]:
    """How many rows could be read, and the greatest number among them."""
    pages = Pages(kept, log_of(kept))
    of_decodes = job.path.count("/") > 2
    with contextlib.closing(sqlite3.connect(made, isolation_level=None)) as copy:
        copy.executescript("PRAGMA synchronous = FULL; BEGIN;" + (DECODES_SCHEMA if of_decodes else SCHEMA))
        meta: dict[str, str] = {}
        table = "decodes" if of_decodes else "requests"
        wanted: _Wanted = {table: _DECODE} if of_decodes else {table: _REQUEST, "heads": _HEAD}
        for some in _batched(pages.rows(), wanted, meta):
            for name, rows in some.items():
                marks = ", ".join("?" * len(wanted[name]))
                copy.executemany(f"INSERT OR IGNORE INTO {name} VALUES ({marks})", rows)
        tenant, source, *_ = job.path.split("/")
        known = {key: value for key in ("replay", "deduplicator") if (value := meta.get(key)) is not None}
        if job.deduplicator is not None:
            known["deduplicator"] = job.deduplicator
        about = {
            "format": DECODES_FORMAT if of_decodes else str(FORMAT),
            "tenant": tenant,
            "source": source,
            "pid": "0",
        }
        if of_decodes:
            about["replay"] = ""
        copy.executemany(INSERT_META, {**about, **known}.items())
        saved, last = copy.execute(f"SELECT count(*), max(seq) FROM {table}").fetchone()
        copy.execute("COMMIT")
    made.chmod(kept.stat().st_mode & 0o777)
    return saved, last or 0


def _batched(rows: Iterator[Row], wanted: _Wanted, meta: dict[str, str]) -> Iterator[dict[str, list[list[Value]]]]:
    some: dict[str, list[list[Value]]] = {name: [] for name in wanted}
    count = 0
    for rowid, values in rows:
        if (lacking := _LATER.get(len(values))) is not None and "requests" in wanted:
            values = [*values, *[None] * lacking]
        name = next((name for name, kinds in wanted.items() if _fits(values, kinds)), None)
        if name is not None and _plausible(name, values):
            values[0] = rowid
            some[name].append(values)
            count += 1
        elif _fits(values, _META):
            meta.setdefault(str(values[0]), str(values[1]))
        if count == _AT_ONCE:
            yield some
            for name in some:
                some[name] = []
            count = 0
    yield some


def _fits(values: list[Value], kinds: tuple[_Kind, ...]) -> bool:
    return len(values) == len(kinds) and all(map(isinstance, values, kinds))


def _plausible(name: str, values: list[Value]) -> bool:
    """What bytes that only look like a row seldom are."""
    if name == "heads":
        return True
    id, received = values[1], values[2]
    return isinstance(id, bytes) and len(id) == 16 and isinstance(received, int) and 0 <= received < 1 << 48


def main() -> int:
    yield_to_others()
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=SalvageJob)
    try:
        answer = msgspec.json.encode(salvage(job))
    except (OSError, sqlite3.Error, msgspec.MsgspecError) as error:
        answer = msgspec.json.encode(str(error))
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
