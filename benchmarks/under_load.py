"""What benchmarks of the whole engine share: servers on a core of their own, wrk beside them, and whether what was
acknowledged is there."""

import asyncio
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.cli.listing import RequestListing, pages
from core.cli.reach import reach
from core.control.messages import Query, Status

ROOT = Path(__file__).resolve().parent.parent
TIDEGATE = [sys.executable, "-m", "console.main"]
BODY = (
    '{"deveui":"0004a30b001c0530","dataFrame":"AB==","port":1,"timestamp":"2015-02-11 10:33:00.578","fcnt":138,'
    '"rssi":-111,"snr":-6,"sf_used":"8","id":278998,"live":true,"decrypted":false,"gateway":"g-1"}'
)
BODY += " " * (203 - len(BODY))

WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{body}]]
"""


@dataclass
class Round:
    """What wrk saw in one round; times are milliseconds."""

    answered: int
    rate: float
    p50: float
    p99: float
    errors: int


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


def missing(cores: Sequence[int], cpus: int) -> str | None:
    """What this machine lacks to run wrk on one core and servers on another."""
    if shutil.which("wrk") is None:
        return "wrk (Debian: apt install wrk)"
    return "a second core for wrk" if cpus < 2 or max(cores) >= cpus else None


def tidegate(home: Path, *arguments: str, tree: Path = ROOT) -> None:
    """A command of a checkout on a home, to its end."""
    command = [*TIDEGATE, *arguments, "--home", str(home)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=tree, env=_environment(tree), timeout=60)


def make_home(home: Path, port: int, tree: Path = ROOT) -> None:
    """A home with the tutorial's tenant."""
    tidegate(home, "init", "--port", str(port), tree=tree)


def engine(core: int, home: Path, tree: Path = ROOT) -> AbstractContextManager[int]:
    """A whole engine of a checkout on one core; gives its process id."""
    return pinned(core, [*TIDEGATE, "serve", "--home", str(home)], tree)


def _environment(tree: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(tree)}


@contextmanager
def pinned(core: int, command: list[str], tree: Path = ROOT) -> Iterator[int]:
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


class Wrk:
    """wrk on a core of its own, posting the tutorial's request; `more` is Lua behind what makes it."""

    def __init__(self, folder: Path, core: int, seconds: int, *, more: str = "", scheme: str = "http") -> None:
        self._core = core
        self._seconds = seconds
        self._scheme = scheme
        folder.mkdir(exist_ok=True)
        self._script = folder / "post.lua"
        self._script.write_text(WRK_SCRIPT.format(body=BODY) + more)

    def __call__(self, port: int, connections: int) -> Round:
        command = ["taskset", "-c", str(self._core), "wrk", "-t1", f"-c{connections}", f"-d{self._seconds}s"]
        command += ["--latency", "-s", str(self._script), f"{self._scheme}://127.0.0.1:{port}/lora"]
        text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=self._seconds + 60).stdout
        refused = _number(r"Non-2xx or 3xx responses: (\d+)", text)
        broken = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", text)))
        return Round(
            answered=int(_number(r"(\d+) requests in", text) - refused),
            rate=_number(r"Requests/sec:\s+([\d.]+)", text),
            p50=_milliseconds("50%", text),
            p99=_milliseconds("99%", text),
            errors=int(refused) + broken,
        )


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def _milliseconds(share: str, text: str) -> float:
    count, unit = re.findall(rf"{share}\s+([\d.]+)(us|ms|s)", text)[0]
    return float(count) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


async def status(home: Path) -> Status:
    """The state of a home's engine."""
    async with reach(home, offline_ok=False) as reached:
        return await reached.call("status", None, Status)


async def catch_up(home: Path) -> tuple[int, float]:
    """How many requests the index is behind, and the seconds until it is not."""
    async with reach(home, offline_ok=False) as reached:
        began = time.monotonic()
        first = behind = (await reached.call("status", None, Status)).behind
        while behind and time.monotonic() - began < 60:
            await asyncio.sleep(0.05)
            behind = (await reached.call("status", None, Status)).behind
        return first, time.monotonic() - began if first else 0.0


async def indexed(home: Path) -> int:
    """How many requests the index has."""
    async with reach(home, offline_ok=False) as reached:
        listing = RequestListing(as_json=True, payload=False)
        return sum([len(page.rows) async for page in pages(reached, listing, Query(), None)])
