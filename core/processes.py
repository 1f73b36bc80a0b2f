"""Processes: what can be told of a child, be it a worker or a JVM, and how one lets others go first."""

import contextlib
import os
import signal
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def memory_of(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where it has gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def ending_of(status: int) -> str:
    """How a process ended, as `ended by signal 9 (SIGKILL)`; `status` as asyncio gives it, negative for a signal."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"ended by signal {-status} ({signal.Signals(-status).name})"
    except ValueError:
        return f"ended by signal {-status}"


def yield_to_others() -> None:
    """Whatever else runs comes first from now on."""
    with contextlib.suppress(OSError):
        os.nice(19)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
