"""`--output FILE`: kept rows into a file that is there whole or not at all.

Rows go into a hidden file beside it, which gets the name at the end, when all of it is on disk. A run that was
cancelled, failed or killed leaves nothing under that name, and a file that is there already is never overwritten.
"""

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import IO, Final

from core.cli.export_formats import Exported, writer_of
from core.cli.listing import Listing, pages
from core.cli.reach import Engine
from core.cli.selection import Format
from core.config.files import sync_folder
from core.control.received import OfRequest, Query
from core.errors import TidegateError
from core.model.events import EventBase, event_json
from core.model.requests import RequestDetail, request_json
from core.model.text import bytes_text, count_text, plural

ENDINGS: Final[dict[str, Format]] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
TOLD_EVERY: Final = 0.5
"""Seconds between two words of progress, on a terminal."""


def format_of(given: Format | None, output: Path | None) -> Format:
    """The format asked for, else the one that the file's ending means, else JSON lines."""
    if given is not None:
        return given
    return ENDINGS.get(output.suffix.lower(), "jsonl") if output is not None else "jsonl"


async def export(
    engine: Engine,
    listing: Listing,
    query: Query,
    most: int | None,
    *,
    format: Format,
    output: Path | None,
    payload: bool,
) -> None:
    """Writes the newest `most` rows of `query` (None is all), oldest first; `output` None is stdout."""
    if output is None:
        with writer_of(format, sys.stdout.buffer, of_events=listing.of_events, payload=payload) as write:
            await _write_all(engine, listing, query, most, payload, write, None)
        sys.stdout.buffer.flush()
        return
    progress = _Progress()
    with whole_file(output) as file:
        with writer_of(format, file, of_events=listing.of_events, payload=payload) as write:
            await _write_all(engine, listing, query, most, payload, write, progress)
        size = file.tell()
    progress.end()
    rows = plural(progress.rows, "event" if listing.of_events else "request")
    sys.stderr.write(f"tidegate: {rows} in {output} ({bytes_text(size)})\n")


async def _write_all(
    engine: Engine,
    listing: Listing,
    query: Query,
    most: int | None,
    payload: bool,
    write: Exported,
    progress: "_Progress | None",
) -> None:
    behind = 0
    async for page in pages(engine, listing, query, most):
        for row in page.rows:
            if isinstance(row, EventBase):
                write(event_json(row))
                continue
            whole = await engine.call("requests.get", OfRequest(row.id), RequestDetail) if payload else None
            write(request_json(row, whole))
        behind = page.behind
        if progress is not None:
            progress.add(len(page.rows))
    if behind:
        sys.stderr.write(f"tidegate: {plural(behind, 'newer request')} not indexed yet and not written\n")


@contextlib.contextmanager
def whole_file(path: Path, mode: int | None = None) -> Generator[IO[bytes]]:
    """A file that gets its name at the end of the block, once it is on disk; where the block fails, there is none.
    Without a `mode` the umask says who may read it."""
    _must_be_free(path)
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    except OSError as error:
        raise TidegateError(f"cannot write into {path.parent}: {error.strerror}") from error
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), 0o666 & ~_umask() if mode is None else mode)
            os.fsync(file.fileno())
        _must_be_free(path)
        _name(partial, path)
        sync_folder(path.parent)
    except FileExistsError:
        raise TidegateError(f"{path} is there already: it is not overwritten") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)


def _name(partial: str, path: Path) -> None:
    try:
        os.link(partial, path)  # unlike a rename, it overwrites nothing
    except FileExistsError:
        raise
    except OSError:  # a file system without links, as on many a USB stick
        os.rename(partial, path)


def _must_be_free(path: Path) -> None:
    if path.is_dir():
        raise TidegateError(f"{path} is a folder: give a file's name in it")
    if path.exists() or path.is_symlink():
        raise TidegateError(f"{path} is there already: it is not overwritten")


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


class _Progress:
    """Says on a terminal how far it is, in one line that is written over."""

    def __init__(self) -> None:
        self.rows = 0
        self._shown = sys.stderr.isatty()
        self._began = self._told = time.monotonic()

    def add(self, rows: int) -> None:
        self.rows += rows
        now = time.monotonic()
        if self._shown and now - self._told >= TOLD_EVERY:
            self._told = now
            rate = self.rows / (now - self._began)
            sys.stderr.write(f"\r{count_text(self.rows)} written, {rate:,.0f} a second; ctrl+c cancels ")
            sys.stderr.flush()

    def end(self) -> None:
        if self._shown and self._told != self._began:
            sys.stderr.write("\r\x1b[K")
