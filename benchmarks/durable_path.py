"""How fast a request goes from a device to the disk and back, as a share of what asyncio could answer at all.

All of Tidegate (engine and one worker, HTTP handler, Python decoder) is pinned to one core and wrk to another. Beside
it, on the same core, stands a bare asyncio.Protocol that answers a fixed 200. The two are measured in turns, since
machines change their speed; the medians and their ratio are printed. What wrk counts was acknowledged, and must be in
the index.

    apt install wrk && python benchmarks/durable_path.py
"""

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import POST, Round, Tidegate, bare, catch_up, indexed, missing, pinned, wrk

from core.cli.tutorial import free_port


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
    if lacking := missing():
        print(lacking, file=sys.stderr)
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
    script = folder / "post.lua"
    script.write_text(POST)
    port, beside, tidegate = free_port(), bare(), Tidegate(folder / "home")
    tidegate.run("init", "--port", str(port))
    ours: list[Round] = []
    bares: list[Round] = []
    lags: list[tuple[int, float]] = []

    def measured(port: int) -> Round:
        url = f"http://127.0.0.1:{port}/lora"
        return wrk(url, script, core=options.wrk_core, connections=options.connections, seconds=options.seconds)

    with tidegate.serving(options.core), pinned(options.core, beside.command):
        for _ in range(options.rounds):
            ours.append(measured(port))
            lags.append(catch_up(tidegate.home))
            bares.append(measured(beside.kept))
        there = indexed(tidegate.home)
    rate, bare_rate = (statistics.median(each.rate for each in rounds) for rounds in (ours, bares))
    return Result(
        tidegate=rate,
        bare=bare_rate,
        ratio=rate / bare_rate,
        tidegate_p99=statistics.median(each.p99 for each in ours),
        bare_p99=statistics.median(each.p99 for each in bares),
        errors=sum(each.errors for each in ours),
        lag=max(lag for lag, _ in lags),
        lag_seconds=max(seconds for _, seconds in lags),
        acknowledged=sum(each.answered for each in ours),
        indexed=there,
        connections=options.connections,
        rounds=options.rounds,
    )


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
