"""`tidegate reindex`: the index built anew from the journal, with the engine running or without."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.front import HomeOption, JsonOption

if TYPE_CHECKING:
    from core.cli.reach import Engine
    from core.control.reindexing import ReindexStatus

LOOK_EVERY = 0.25


def reindex(
    home: HomeOption = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="Give up one that runs.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Build the index anew from the journal.

    The engine goes on meanwhile, and the index of before answers until the new one is whole. Ctrl+C gives it up.
    """
    from core.cli.reach import with_engine

    if cancel:
        return with_engine(home, lambda engine: _cancel(engine, as_json), offline_ok=False)
    return with_engine(home, lambda engine: _reindex(engine, as_json))


async def _cancel(engine: Engine, as_json: bool) -> int:
    from core.control.reindexing import ReindexStatus

    _conclude(await engine.call("reindex.cancel", None, ReindexStatus), as_json)
    return 0


async def _reindex(engine: Engine, as_json: bool) -> int:
    import asyncio

    from core.cli.progress import ProgressLine
    from core.control.reindexing import Reindexed, ReindexStatus, reindex_words
    from core.errors import TidegateError

    line = ProgressLine(on=not as_json)
    status = await engine.call("reindex.start", None, ReindexStatus)
    try:
        while status.state == "running":
            line.show(reindex_words(status))
            await asyncio.sleep(LOOK_EVERY)
            status = (await engine.call("reindex.get", None, Reindexed)).reindex or status
    except asyncio.CancelledError:
        with contextlib.suppress(TidegateError):
            await asyncio.shield(engine.call("reindex.cancel", None, ReindexStatus))
        raise
    finally:
        line.clear()
    if status.state == "failed":
        raise TidegateError(reindex_words(status))
    _conclude(status, as_json)
    return 0 if status.state == "done" else 1


def _conclude(status: ReindexStatus, as_json: bool) -> None:
    from core.cli.output import print_json
    from core.control.reindexing import reindex_words
    from core.model.text import visible

    if as_json:
        print_json(status)
        return
    print(visible(reindex_words(status)))
    for each in status.unread:
        sys.stderr.write(f"tidegate: left out: {visible(each)}\n")
