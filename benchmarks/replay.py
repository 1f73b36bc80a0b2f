"""What a replay costs live traffic: rounds at half of full load without one and beside one, in turns.

Tidegate with all its processes, the replay's too, is pinned to one core and wrk to another. A first round at full load
keeps the requests that are replayed and says what full load is. Then 64 connections wait so long between their requests
that half of it is offered. Each pair of rounds gives the rate beside a replay as a share of that without, and the mean
time of an answer likewise; the medians of the pairs are printed. Live traffic should lose a tenth at most.

    apt install wrk && python benchmarks/replay.py
    python benchmarks/replay.py --rate 10000
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

from under_load import catch_up, engine, make_home
from wrk import Round, Wrk, missing, paced

from core.cli.reach import reach
from core.cli.tutorial import free_port
from core.control.replays import OfReplay, Replay, ReplayStatus

CONNECTIONS = 64


@dataclass
class Pair:
    """A round without a replay, and one beside it."""

    quiet: Round
    beside: Round
    replayed: float
    """Requests a second that were decoded again meanwhile."""

    @property
    def rate(self) -> float:
        """What is left of the rate."""
        return self.beside.rate / self.quiet.rate


@dataclass
class Result:
    """Medians of the pairs; milliseconds."""

    full_rate: float
    quiet_rate: float
    rate_left: float
    quiet_p50: float
    beside_p50: float
    quiet_p99: float
    beside_p99: float
    replayed: float
    errors: int


def main() -> int:
    options = _options()
    if lack := missing((options.core, options.wrk_core), os.cpu_count() or 1):
        print(f"missing: {lack}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-") as folder:
        result = measure(Path(folder), options)
    if options.json:
        print(json.dumps(asdict(result)))
    else:
        _print(result)
    return 1 if result.errors else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Live traffic beside a replay.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="of one round")
    parser.add_argument("--rate", type=float, help="of the replay, in requests a second; without it the usual one")
    parser.add_argument("--core", type=int, default=0, help="of Tidegate")
    parser.add_argument("--wrk-core", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measure(folder: Path, options: argparse.Namespace) -> Result:
    """Full load, then pairs of rounds at half of it."""
    home, port = folder / "home", free_port()
    make_home(home, port)
    pairs: list[Pair] = []
    with engine(options.core, home):
        full = Wrk(folder / "full", options.wrk_core, options.seconds)(port, CONNECTIONS)
        wait = paced(full.rate / 2, CONNECTIONS)
        half = Wrk(folder / "half", options.wrk_core, options.seconds, more=wait)
        half(port, CONNECTIONS)
        for _ in range(options.rounds):
            asyncio.run(catch_up(home))
            quiet = half(port, CONNECTIONS)
            asyncio.run(catch_up(home))
            id = asyncio.run(begin(home, options.rate))
            beside = half(port, CONNECTIONS)
            ended = asyncio.run(end(home, id))
            pairs.append(Pair(quiet, beside, ended.done / options.seconds))
    return Result(
        full_rate=full.rate,
        quiet_rate=statistics.median(pair.quiet.rate for pair in pairs),
        rate_left=statistics.median(pair.rate for pair in pairs),
        quiet_p50=statistics.median(pair.quiet.p50 for pair in pairs),
        beside_p50=statistics.median(pair.beside.p50 for pair in pairs),
        quiet_p99=statistics.median(pair.quiet.p99 for pair in pairs),
        beside_p99=statistics.median(pair.beside.p99 for pair in pairs),
        replayed=statistics.median(pair.replayed for pair in pairs),
        errors=sum(each.errors for pair in pairs for each in (pair.quiet, pair.beside)),
    )


async def begin(home: Path, rate: float | None) -> str:
    """Begins a replay of all that is kept, and waits until it decodes."""
    async with reach(home, offline_ok=False) as reached:
        status = await reached.call("replays.start", Replay(tenant="default", rate=rate), ReplayStatus)
        while status.state == "running" and not status.done:
            await asyncio.sleep(0.05)
            status = await reached.call("replays.get", OfReplay(status.id), ReplayStatus)
    if status.state != "running":
        raise SystemExit(f"the replay did not run: {status.state} {status.reason or ''}")
    return status.id


async def end(home: Path, id: str) -> ReplayStatus:
    """Stops the replay, which must have lasted as long as the round."""
    async with reach(home, offline_ok=False) as reached:
        status = await reached.call("replays.get", OfReplay(id), ReplayStatus)
        if status.state != "running":
            raise SystemExit(f"the replay ended before the round did: {status.state} {status.reason or ''}")
        return await reached.call("replays.cancel", OfReplay(id), ReplayStatus, timeout=60.0)


def _print(result: Result) -> None:
    print(f"full load      {result.full_rate:>9,.0f}/s")
    print(
        f"half of it     {result.quiet_rate:>9,.0f}/s   p50 {result.quiet_p50:.2f} ms   p99 {result.quiet_p99:.2f} ms"
    )
    print(
        f"with a replay  {result.quiet_rate * result.rate_left:>9,.0f}/s   p50 {result.beside_p50:.2f} ms"
        f"   p99 {result.beside_p99:.2f} ms   {result.rate_left:.1%} of the rate"
    )
    print(f"replayed       {result.replayed:>9,.0f}/s")
    print(f"errors         {result.errors:>9,}")


if __name__ == "__main__":
    sys.exit(main())
