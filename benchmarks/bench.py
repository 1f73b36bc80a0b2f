"""What the benchmarks share: servers on one core, wrk on another, and an index that is asked what it holds."""

import asyncio
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.cli.listing import RequestListing, pages
from core.cli.reach import reach
from core.cli.tutorial import free_port
from core.control.messages import Query, Status

ROOT = Path(__file__).resolve().parent.parent

BODY = (
    '{"deveui":"0004a30b001c0530","dataFrame":"AB==","port":1,"timestamp":"2015-02-11 10:33:00.578","fcnt":138,'
    '"rssi":-111,"snr":-6,"sf_used":"8","id":278998,"live":true,"decrypted":false,"gateway":"g-1"}'
)
BODY += " " * (203 - len(BODY))

POST = f"""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[{BODY}]]
"""
"""A script for wrk: what a device posts."""

BARE = """
import asyncio, ssl, sys
KEPT = b"HTTP/1.1 200 OK\\r\\nContent-Length: 21\\r\\nContent-Type: text/plain\\r\\n\\r\\nInformation received."
LAST = KEPT.replace(b"Content-Type", b"Connection: close\\r\\nContent-Type")
class Bare(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(KEPT)
class Once(Bare):
    def data_received(self, data):
        self.transport.write(LAST)
        self.transport.close()
async def main(kept, once, tls, certificate, key):
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Bare, "127.0.0.1", kept), await loop.create_server(Once, "127.0.0.1", once)]
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        servers.append(await loop.create_server(Bare, "127.0.0.1", tls, ssl=context))
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))
asyncio.run(main(*map(int, sys.argv[1:4]), *sys.argv[4:6]))
"""


@dataclass(frozen=True)
class Bare:
    """The ports of a bare asyncio.Protocol that answers a fixed 200: connections kept, closed after it, over TLS."""

    kept: int
    once: int
    tls: int
    certificate: str = ""
    key: str = ""

    @property
    def command(self) -> list[str]:
        ports = [str(port) for port in (self.kept, self.once, self.tls)]
        return [sys.executable, "-c", BARE, *ports, self.certificate, self.key]


def bare(certificate: Path | None = None, key: Path | None = None) -> Bare:
    """One on ports that are free; with a certificate it speaks TLS too."""
    return Bare(free_port(0), free_port(0), free_port(0), str(certificate or ""), str(key or ""))


@dataclass
class Round:
    """What wrk saw in one round."""

    answered: int
    rate: float
    p99: float
    """Milliseconds."""
    errors: int


def missing() -> str | None:
    """What this machine lacks for a benchmark with wrk."""
    if shutil.which("wrk") is None:
        return "missing: wrk (Debian: apt install wrk)"
    if (os.cpu_count() or 1) < 2:
        return "missing: a second core for the load"
    return None


def allow_files(count: int) -> None:
    """Lets this process and its children have so many descriptors, or as many as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = count if hard == resource.RLIM_INFINITY else min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


@dataclass(frozen=True)
class Tidegate:
    """A home, and the checkout that serves it."""

    home: Path
    tree: Path = ROOT

    def run(self, *arguments: str) -> None:
        """A command of it, to its end."""
        command = [*self._command, *arguments, "--home", str(self.home)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.tree, env=self._environment, timeout=60)

    @contextmanager
    def serving(self, core: int) -> Iterator[None]:
        """Its engine, on one core."""
        with pinned(core, [*self._command, "serve", "--home", str(self.home)], self.tree, self._environment):
            yield

    @property
    def _command(self) -> list[str]:
        return [sys.executable, "-m", "console.main"]

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(self.tree)}


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """A commit's files, in a git worktree that is removed behind them."""
    with tempfile.TemporaryDirectory(prefix="tidegate-against-") as folder:
        tree = Path(folder) / "tree"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(tree), revision], check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True)


@contextmanager
def pinned(
    core: int, command: list[str], cwd: Path | None = None, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """A server on one core, its children too, from its `ready` to the end of the block."""
    server = subprocess.Popen(["taskset", "-c", str(core), *command], stdout=subprocess.PIPE, cwd=cwd, env=environment)
    try:
        assert server.stdout is not None
        if server.stdout.readline() != b"ready\n":
            raise SystemExit(f"{' '.join(command[:4])} did not start")
        yield
    finally:
        server.terminate()
        server.wait(30)


def wrk(url: str, script: Path, *, core: int, connections: int, seconds: int) -> Round:
    """One round of wrk on a core of its own."""
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    done = subprocess.run(
        [*command, "-s", str(script), url], check=True, capture_output=True, text=True, timeout=seconds + 60
    )
    text = done.stdout
    refused = _number(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = sum(map(int, re.findall(r"(?:connect|read|write|timeout) (\d+)", text)))
    count, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", text)[0]
    return Round(
        answered=int(_number(r"(\d+) requests in", text) - refused),
        rate=_number(r"Requests/sec:\s+([\d.]+)", text),
        p99=float(count) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit],
        errors=int(refused) + broken,
    )


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    return float(found[1]) if found else 0.0


def catch_up(home: Path) -> tuple[int, float]:
    """How many requests the index is behind, and the seconds until it is not."""
    return asyncio.run(_catch_up(home))


async def _catch_up(home: Path) -> tuple[int, float]:
    async with reach(home, offline_ok=False) as engine:
        began = time.monotonic()
        first = behind = (await engine.call("status", None, Status)).behind
        while behind and time.monotonic() - began < 60:
            await asyncio.sleep(0.05)
            behind = (await engine.call("status", None, Status)).behind
        return first, time.monotonic() - began if first else 0.0


def indexed(home: Path) -> int:
    """How many requests the index holds."""
    return asyncio.run(_indexed(home))


async def _indexed(home: Path) -> int:
    async with reach(home, offline_ok=False) as engine:
        listing = RequestListing(as_json=True, payload=False)
        return sum([len(page.rows) async for page in pages(engine, listing, Query(), None)])
