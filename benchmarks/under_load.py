"""What benchmarks of the whole engine share: servers on a core of their own, and whether what was acknowledged is
there."""

import asyncio
import os
import platform
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from wrk import Round

from core.cli.reach import reach
from core.config.home import Home
from core.control.received import Query, Requests
from core.control.states import Status
from core.journal.rows import REFUSED

ROOT = Path(__file__).resolve().parent.parent
TIDEGATE = [sys.executable, "-m", "console.main"]
MEASURED = Path(__file__).with_name("decode_measured.py")
"""The decoder of what is measured."""
CATCH_UP = 120.0
"""Seconds that an index may take."""


@dataclass
class Kept:
    """Whether what was acknowledged in some rounds is there."""

    acknowledged: int
    indexed: int
    connections: int
    """Of all rounds together."""

    @property
    def whole(self) -> bool:
        """wrk hangs up on what is under way at a round's end: that much may be indexed beyond what it counted."""
        return 0 <= self.indexed - self.acknowledged <= self.connections

    def __str__(self) -> str:
        beyond = self.indexed - self.acknowledged
        verdict = f"all there, and {beyond} that wrk hung up on" if self.whole else "these do not fit together"
        return f"acknowledged {self.acknowledged:,}, indexed {self.indexed:,}: {verdict}"


def tidegate(home: Path, *arguments: str, tree: Path = ROOT) -> None:
    """A command of a checkout on a home, to its end."""
    command = [*TIDEGATE, *arguments, "--home", str(home)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=tree, env=_environment(tree), timeout=60)


def make_home(home: Path, port: int, tree: Path = ROOT) -> None:
    """A home with the tutorial's tenant, whose decoder is the README's but for how it reads JSON."""
    tidegate(home, "init", "--port", str(port), tree=tree)
    Home(home).tenant_scripts("default").joinpath("decode_lora.py").write_bytes(MEASURED.read_bytes())


def engine(core: int | str, home: Path, tree: Path = ROOT) -> AbstractContextManager[int]:
    """A whole engine of a checkout on one core, or several (`0,1`); gives its process id."""
    return pinned(core, [*TIDEGATE, "serve", "--home", str(home)], tree)


def _environment(tree: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(tree)}


@contextmanager
def pinned(core: int | str, command: list[str], tree: Path = ROOT) -> Iterator[int]:
    """A server on one core, its children too, from its `ready` to the end of the block; gives its process id."""
    server = subprocess.Popen(
        ["taskset", "-c", str(core), *command], stdout=subprocess.PIPE, cwd=tree, env=_environment(tree)
    )
    try:
        assert server.stdout is not None
        if server.stdout.readline() != b"ready\n":
            raise SystemExit(f"{' '.join(command)} did not start")
        yield server.pid
    finally:
        server.terminate()
        server.wait(30)


def machine() -> str:
    """What this is measured on."""
    models = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    model = models[0] if models else platform.machine()
    return f"{model}, {os.cpu_count()} CPUs, Linux {platform.release()}, Python {platform.python_version()}"


def memory(process: int) -> int:
    """Bytes of memory that are a process's own, with its share of what it shares (Linux: Pss)."""
    found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def cpu_seconds(process: int) -> float:
    """Seconds of CPU time that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def status(home: Path) -> Status:
    """The state of a home's engine."""
    async with reach(home, offline_ok=False) as reached:
        return await reached.call("status", None, Status)


def workers(home: Path) -> list[int]:
    """The process ids of all workers."""
    nodes = [asyncio.run(status(home)).tree]
    for node in nodes:
        nodes += node.children
    return [int(node.detail["pid"]) for node in nodes if node.kind == "worker"]


async def catch_up(home: Path) -> tuple[int, float]:
    """How many requests the index is behind, and the seconds until it has all that workers had committed."""
    async with reach(home, offline_ok=False) as reached:
        began = time.monotonic()
        first = (await reached.call("status", None, Status)).behind
        while (await reached.call("requests.query", Query(limit=1), Requests)).behind:  # it waits for a pass, or 2 s
            if time.monotonic() - began > CATCH_UP:
                raise SystemExit(f"the index was still behind after {CATCH_UP:g} s")
        return first, time.monotonic() - began


@dataclass
class Tally:
    """Counts what wrk saw of one home."""

    acknowledged: int = 0
    connections: int = 0
    errors: int = 0

    def add(self, seen: Round, connections: int) -> Round:
        self.acknowledged += seen.answered
        self.connections += connections
        self.errors += seen.errors
        return seen

    def kept(self, home: Path) -> Kept:
        return Kept(self.acknowledged, indexed(home), self.connections)


def indexed(home: Path) -> int:
    """How many requests the index has that were not refused, once it has all that workers had committed."""
    asyncio.run(catch_up(home))
    with closing(sqlite3.connect(f"file:{Home(home).index_file}?mode=ro", uri=True)) as index:
        [count] = index.execute("SELECT count(*) FROM requests WHERE outcome != ?", (REFUSED,)).fetchone()
    return int(count)
