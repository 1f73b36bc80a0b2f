"""The memory of an engine and its workers, as Linux counts it."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from under_load import status

from core.control.states import Node


def resident(pid: int) -> int:
    """Bytes of a process in memory now; 0 where it has gone."""
    return _of(pid, "VmRSS")


def peak(pid: int) -> int:
    """The most that it ever had there."""
    return _of(pid, "VmHWM")


def _of(pid: int, name: str) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def source_of(home: Path, path: str) -> Node:
    """An event source in the tree of states."""
    tenants = asyncio.run(status(home)).tree.children
    return next(source for tenant in tenants for source in tenant.children if source.path == path)


def worker_of(home: Path, path: str) -> int:
    """The process id of an event source's first worker."""
    return next(int(node.detail["pid"]) for node in source_of(home, path).children if node.kind == "worker")


@dataclass
class Samples:
    """The memory of processes by name, sample after sample."""

    seconds: list[float] = field(default_factory=list)
    bytes: dict[str, list[int]] = field(default_factory=dict)


@contextmanager
def sampled(processes: dict[str, int], every: float) -> Iterator[Samples]:
    """Samples in a thread for as long as the block lasts."""
    samples, end, began = Samples(bytes={name: [] for name in processes}), threading.Event(), time.monotonic()

    def sample() -> None:
        while not end.wait(every):
            samples.seconds.append(time.monotonic() - began)
            for name, pid in processes.items():
                samples.bytes[name].append(resident(pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        end.set()
        thread.join()
