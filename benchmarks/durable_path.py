"""How fast a request goes from a device to the disk and back, as a share of what asyncio could answer at all.

All of Tidegate (engine and one worker, HTTP handler, Python decoder) is pinned to one core and wrk to another. Beside
it, on the same core, stands a bare asyncio.Protocol that answers a fixed 200. The two are measured in turns, since
machines change their speed; the medians and their ratio are printed. What wrk counts was acknowledged, and must be in
the index.

    apt install wrk && python benchmarks/durable_path.py
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from core.cli.listing import RequestListing, pages
from core.cli.reach import reach
from core.cli.tutorial import free_port
from core.control.messages import Query, Status

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

BARE = """
import asyncio, sys
ANSWER = b"HTTP/1.1 200 OK\\r\\nContent-Length: 21\\r\\nContent-Type: text/plain\\r\\n\\r\\nInformation received."
class Bare(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        self.transport.write(ANSWER)
async def main():
    server = await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@dataclass
class Round:
    """What wrk saw in one round."""

    answered: int
    rate: float
    p99: float
    """Milliseconds."""
    errors: int


@dataclass
class Result:
    """All rounds, and whether what was acknowledged is there."""

    tidegate: float
    bare: float
    ratio: float
    tidegate_p99: float
    bare_p99: float
    errors: int
    lag: int
    """The most requests that the index was behind right after a round."""
    lag_seconds: float
    """The longest that it took to catch up then."""
    acknowledged: int
    indexed: int
    connections: int
    rounds: int

    @property
    def whole(self) -> bool:
        """wrk hangs up on what is under way at a round's end: that much may be indexed beyond what it counted."""
        return 0 <= self.indexed - self.acknowledged <= self.connections * self.rounds


def main() -> int:
    options = _options()
    if shutil.which("wrk") is None:
        print("missing: wrk (Debian: apt install wrk)", file=sys.stderr)
        return 2
    if (os.cpu_count() or 1) < 2:
        print("missing: a second core for wrk", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-") as folder:
        result = measure(Path(folder), options)
    if options.json:
        print(json.dumps(asdict(result) | {"whole": result.whole}))
    else:
        _print(result)
    return 0 if result.whole and not result.errors else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The durable path beside a bare asyncio.Protocol.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of one round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--core", type=int, default=0, help="of Tidegate and of the bare server")
    parser.add_argument("--wrk-core", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measure(folder: Path, options: argparse.Namespace) -> Result:
    """Both servers in turns, Tidegate first."""
    home, script = folder / "home", folder / "post.lua"
    script.write_text(WRK_SCRIPT.format(body=BODY))
    port, bare_port = free_port(), free_port(0)
    command = [sys.executable, "-m", "console.main"]
    subprocess.run([*command, "init", "--home", home, "--port", str(port)], check=True, stdout=subprocess.DEVNULL)
    ours: list[Round] = []
    bares: list[Round] = []
    lags: list[tuple[int, float]] = []
    with (
        _pinned(options.core, [*command, "serve", "--home", str(home)]),
        _pinned(options.core, [sys.executable, "-c", BARE, str(bare_port)]),
    ):
        for _ in range(options.rounds):
            ours.append(_wrk(port, script, options))
            lags.append(asyncio.run(_catch_up(home)))
            bares.append(_wrk(bare_port, script, options))
        indexed = asyncio.run(_indexed(home))
    tidegate, bare = (statistics.median(each.rate for each in rounds) for rounds in (ours, bares))
    return Result(
        tidegate=tidegate,
        bare=bare,
        ratio=tidegate / bare,
        tidegate_p99=statistics.median(each.p99 for each in ours),
        bare_p99=statistics.median(each.p99 for each in bares),
        errors=sum(each.errors for each in ours),
        lag=max(lag for lag, _ in lags),
        lag_seconds=max(seconds for _, seconds in lags),
        acknowledged=sum(each.answered for each in ours),
        indexed=indexed,
        connections=options.connections,
        rounds=options.rounds,
    )


@contextmanager
def _pinned(core: int, command: list[str]) -> Iterator[None]:
    """A server on one core, its children too, from its `ready` to the end of the block."""
    server = subprocess.Popen(["taskset", "-c", str(core), *command], stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        if server.stdout.readline() != b"ready\n":
            raise SystemExit(f"{' '.join(command)} did not start")
        yield
    finally:
        server.terminate()
        server.wait(30)


def _wrk(port: int, script: Path, options: argparse.Namespace) -> Round:
    command = [
        "taskset",
        "-c",
        str(options.wrk_core),
        "wrk",
        "-t1",
        f"-c{options.connections}",
        f"-d{options.seconds}s",
    ]
    command += ["--latency", "-s", str(script), f"http://127.0.0.1:{port}/lora"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
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


async def _catch_up(home: Path) -> tuple[int, float]:
    """How many requests the index is behind, and the seconds until it is not."""
    async with reach(home, offline_ok=False) as engine:
        began = time.monotonic()
        first = behind = (await engine.call("status", None, Status)).behind
        while behind and time.monotonic() - began < 60:
            await asyncio.sleep(0.05)
            behind = (await engine.call("status", None, Status)).behind
        return first, time.monotonic() - began if first else 0.0


async def _indexed(home: Path) -> int:
    async with reach(home, offline_ok=False) as engine:
        listing = RequestListing(as_json=True, payload=False)
        return sum([len(page.rows) async for page in pages(engine, listing, Query(), None)])


def _print(result: Result) -> None:
    print(f"Tidegate, acknowledged when on disk   {result.tidegate:>9,.0f}/s   p99 {result.tidegate_p99:6.1f} ms")
    print(f"bare asyncio.Protocol, fixed answer   {result.bare:>9,.0f}/s   p99 {result.bare_p99:6.1f} ms")
    print(f"ratio                                 {result.ratio:>9.3f}")
    print(f"index behind after a round            {result.lag:>9,}     caught up within {result.lag_seconds:.2f} s")
    print(f"errors                                {result.errors:>9,}")
    beyond = result.indexed - result.acknowledged
    verdict = f"all there, and {beyond} that wrk hung up on" if result.whole else "these do not fit together"
    print(f"acknowledged {result.acknowledged:,}, indexed {result.indexed:,}: {verdict}")


if __name__ == "__main__":
    sys.exit(main())
