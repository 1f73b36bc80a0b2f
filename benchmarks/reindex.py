"""How many events a second the index is built anew of, end to end: `python benchmarks/reindex.py [events] [folder]`.

End to end: from the call to the index in its place, built in the process that the engine begins for it. `folder` keeps
the journal for another run, and for benchmarks/queries.py.
"""

import asyncio
import os
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from core.control.named import Empty
from core.control.reindexing import ReindexStatus, reindex_words
from core.engine.reindexing import ReindexDesk
from core.journal.follower import Follower
from core.journal.index import Index

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.journals import segments_of, write_journal


async def rebuild(folder: Path) -> ReindexStatus:
    """Builds the index of a journal anew and puts it in its place."""
    journal, index = folder / "journal", folder / "index.db"
    Index(index, journal).close()
    follower: list[Follower] = []

    def succeed(timeout: float) -> bool:
        """An empty index has nothing that live feeds could miss: the one that is ready takes its place at once."""
        with closing(Follower(journal, index)) as opened:
            follower.append(opened)
        return True

    desk = ReindexDesk(journal, index, succeed)
    handlers = desk.handlers()
    status = await handlers["reindex.start"](Empty())
    assert isinstance(status, ReindexStatus)
    shown = ""
    while status.state == "running":
        await asyncio.sleep(0.25)
        if (phase := f"{status.phase} {status.indexes}") != shown:
            shown = phase
            print(f"  {time.strftime('%H:%M:%S')}  {reindex_words(status)}", flush=True)
    return status


def prepare(folder: Path, rows: int) -> None:
    """A journal of so many requests, unless one is there."""
    if any(segments_of(folder / "journal")):
        return
    began = time.perf_counter()
    events = write_journal(folder / "journal", rows)
    took = time.perf_counter() - began
    size = sum(file.stat().st_size for file in segments_of(folder / "journal"))
    print(f"{rows:,} requests with {events:,} events written in {took:.0f} s, {size / 1e9:.1f} GB")


def main() -> None:
    rows = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(temporary)
        prepare(folder, rows)
        began, before = time.perf_counter(), os.times()
        status = asyncio.run(rebuild(folder))
        took, after = time.perf_counter() - began, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        assert status.state == "done", status.reason
        size = (folder / "index.db").stat().st_size
        print(f"{status.done:,} requests, {status.events:,} events in {took:.1f} s ({cpu:.1f} s of processor)")
        print(f"{status.events / took:,.0f} events/s, {status.events / cpu:,.0f} a second of processor")
        print(f"{size / 1e9:.2f} GB of index, {size / max(1, status.done):.0f} B a request")


if __name__ == "__main__":
    main()
