"""Undoing a replay: each of its decodes is said to be undone, in decode segments of its own."""

import asyncio
import contextlib
import itertools
import time
from pathlib import Path
from typing import Final

from core.journal.decodes import FOLDER, DecodeWriter, NewDecode, decodes_to_undo, of_replay
from core.worker.replay_job import Progress, ReplayJob
from core.worker.replay_telling import Teller

BATCH: Final = 2000
"""Decodes that are undone with one fsync."""


class Stopped(Exception):
    """The engine wants the process to end before all is done."""


async def undo(job: ReplayJob, journal: Path, tell: Teller, progress: Progress, stopped: asyncio.Event) -> None:
    """Undoes what is not undone yet; `journal` is the tenant's. Stopped where the engine wants it no more."""
    folders = sorted(folder for folder in journal.glob("*") if (folder / FOLDER).is_dir())
    kept = [of_replay(folder, job.replay) for folder in folders]
    progress.done = progress.total = sum(each.done for each in kept)
    progress.undone = sum(each.undone for each in kept)
    for folder, found in zip(folders, kept, strict=True):
        if found.undone < found.done:
            await _undo_source(job, folder, tell, progress, stopped)
    tell.now(progress)


async def _undo_source(job: ReplayJob, folder: Path, tell: Teller, progress: Progress, stopped: asyncio.Event) -> None:
    progress.source = folder.name
    waiting = decodes_to_undo(folder, job.replay)
    with contextlib.closing(DecodeWriter(folder, job.tenant, folder.name, job.replay)) as writer:
        while batch := list(itertools.islice(waiting, BATCH)):
            now = time.time_ns() // 1_000_000
            writer.add([NewDecode(request, received, number, now, undone=True) for request, received, number in batch])
            progress.undone += len(batch)
            tell.soon(progress)
            await asyncio.sleep(0)  # or a stop would not be heard
            if stopped.is_set():
                raise Stopped
