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
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from under_load import Kept, Round, Wrk, catch_up, engine, indexed, make_home, missing, pinned

from core.cli.tutorial import free_port

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
    kept: Kept


def main() -> int:
    options = _options()
    if lack := missing((options.core, options.wrk_core), os.cpu_count() or 1):
        print(f"missing: {lack}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-") as folder:
        result = measure(Path(folder), options)
    if options.json:
        print(json.dumps(asdict(result) | {"whole": result.kept.whole}))
    else:
        _print(result)
    return 0 if result.kept.whole and not result.errors else 1


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
    home, wrk = folder / "home", Wrk(folder, options.wrk_core, options.seconds)
    port, bare_port = free_port(), free_port(0)
    make_home(home, port)
    ours: list[Round] = []
    bares: list[Round] = []
    lags: list[tuple[int, float]] = []
    with engine(options.core, home), pinned(options.core, [sys.executable, "-c", BARE, str(bare_port)]):
        for _ in range(options.rounds):
            ours.append(wrk(port, options.connections))
            lags.append(asyncio.run(catch_up(home)))
            bares.append(wrk(bare_port, options.connections))
        found = asyncio.run(indexed(home))
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
        kept=Kept(sum(each.answered for each in ours), found, options.connections * options.rounds),
    )


def _print(result: Result) -> None:
    print(f"Tidegate, acknowledged when on disk   {result.tidegate:>9,.0f}/s   p99 {result.tidegate_p99:6.1f} ms")
    print(f"bare asyncio.Protocol, fixed answer   {result.bare:>9,.0f}/s   p99 {result.bare_p99:6.1f} ms")
    print(f"ratio                                 {result.ratio:>9.3f}")
    print(f"index behind after a round            {result.lag:>9,}     caught up within {result.lag_seconds:.2f} s")
    print(f"errors                                {result.errors:>9,}")
    print(result.kept)


if __name__ == "__main__":
    sys.exit(main())
