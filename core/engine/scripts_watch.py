"""Watches the scripts folders, so that a script acts when it is saved."""

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from watchfiles import Change, watch  # pyright: ignore[reportUnknownVariableType]  # trio's part of its types

from core.config.home import Home

LOG = logging.getLogger("tidegate.engine")

GATHER_MILLISECONDS = 100
"""Changes this close together are one: an editor writes, renames and removes."""


async def watch_scripts(home: Home, changed: Callable[[str | None], None]) -> None:
    """Calls `changed` with a tenant's id, or with None where the shared folder has changed; runs until cancelled."""
    home.scripts.mkdir(parents=True, exist_ok=True)
    home.tenants.mkdir(parents=True, exist_ok=True)
    loop, stop = asyncio.get_running_loop(), threading.Event()

    def watching() -> None:
        for changes in watch(
            *(home.scripts, home.tenants),
            watch_filter=lambda change, path: is_script(home, Path(path)),
            debounce=GATHER_MILLISECONDS,
            step=GATHER_MILLISECONDS // 2,
            stop_event=stop,
        ):
            for owner in owners(home, changes):
                loop.call_soon_threadsafe(changed, owner)

    thread = ThreadPoolExecutor(1, "scripts")  # `awatch` has one too, and takes 20 ms more to come up
    try:
        await loop.run_in_executor(thread, watching)
    except OSError as error:
        LOG.error("the scripts folders cannot be watched (%s): save scripts from the console, or restart", error)
    finally:
        stop.set()
        thread.shutdown(wait=False)


def is_script(home: Home, path: Path) -> bool:
    """Whether a path lies in a scripts folder and is no editor's or compiler's by-product."""
    if "__pycache__" in path.parts or path.name.startswith(".") or path.name.endswith(("~", ".swp", ".tmp")):
        return False
    return path.is_relative_to(home.scripts) or owner_of(home, path) is not None


def owner_of(home: Home, path: Path) -> str | None:
    """The tenant whose scripts folder holds `path`."""
    try:
        parts = path.relative_to(home.tenants).parts
    except ValueError:
        return None
    return parts[0] if len(parts) > 2 and parts[1] == "scripts" else None


def owners(home: Home, changes: set[tuple[Change, str]]) -> list[str | None]:
    """Whose scripts have changed; the shared ones concern every tenant."""
    found = {owner_of(home, Path(path)) for _, path in changes}
    return [None] if None in found else list(found)
