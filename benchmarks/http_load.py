"""What HTTP costs in the worst cases, each as a share of what a bare asyncio.Protocol does with the same load.

Tidegate (engine and workers, HTTP handler, Python decoder) and the bare server are pinned to one core, wrk to another,
and measured in turns; the medians and their ratio are printed. The cases: 64 connections kept open; a connection for
each request; heads of which no two are alike, which nothing that is remembered of heads can help with; and TLS on 64
connections kept open. Errors and what was not acknowledged are counted.

    apt install wrk && python benchmarks/http_load.py
    python benchmarks/http_load.py --only tls --rounds 9

With --against, the usual path (64 connections kept open) of this checkout is compared with another commit's: nine
pairs in turns, and the median of their ratios. The other commit is checked out as a git worktree of its own for it.

    python benchmarks/http_load.py --against HEAD~20
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from peers.bare import Bare
from sources import add_tls_source, certificate
from under_load import ROOT, catch_up, engine, make_home, pinned
from wrk import CLOSING, UNIQUE, Round, Wrk, missing

from core.cli.tutorial import free_port

CASES = {"keep-alive": "", "connections": CLOSING, "unique": UNIQUE, "tls": ""}
"""What wrk's script has beyond the tutorial's request."""
TITLES = {
    "keep-alive": "connections kept open",
    "connections": "a connection for each request",
    "unique": "no two heads alike",
    "tls": "TLS, connections kept open",
}
SETTLE = 1.0
"""Seconds for an index to catch up; another commit's control protocol may be another."""


@dataclass
class Row:
    """One case in numbers; rates are requests a second, p99 milliseconds."""

    case: str
    tidegate: float
    bare: float
    ratio: float
    tidegate_p99: float
    bare_p99: float
    errors: int


@dataclass
class Pairs:
    """This checkout beside another commit."""

    against: str
    ratios: list[float]
    ratio: float
    here: float
    there: float
    errors: int


def main() -> int:
    options = _options()
    if lack := missing((options.core, options.wrk_core), os.cpu_count() or 1):
        print(f"missing: {lack}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-") as name:
        folder = Path(name)
        if options.against:
            return _compare(folder, options)
        rows = measure(folder, options)
    for row in rows:
        if options.json:
            print(json.dumps(asdict(row)))
        else:
            _print(row)
    return 1 if any(row.errors for row in rows) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="HTTP beside a bare asyncio.Protocol, or beside another commit.")
    parser.add_argument("--rounds", type=int, help="of each case (5), or pairs with --against (9)")
    parser.add_argument("--seconds", type=int, default=4, help="of one round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--only", choices=CASES, action="append", help="this case alone; may be repeated")
    parser.add_argument("--against", metavar="REV", help="compare with a commit")
    parser.add_argument("--core", type=int, default=0, help="of the servers")
    parser.add_argument("--wrk-core", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def measure(folder: Path, options: argparse.Namespace) -> list[Row]:
    """All cases in turns, Tidegate first in each."""
    cases: list[str] = options.only or list(CASES)
    pair = certificate(folder) if "tls" in cases else None
    home, port, tls_port = folder / "home", free_port(), free_port(0)
    make_home(home, port)
    if pair:
        add_tls_source(home, tls_port, *pair)
    bare = Bare(free_port(0), free_port(0), free_port(0), *map(str, pair or ()))
    loads = {case: _load(case, folder, options) for case in cases}
    ours: dict[str, list[Round]] = {case: [] for case in cases}
    bares: dict[str, list[Round]] = {case: [] for case in cases}
    with engine(options.core, home), pinned(options.core, bare.command):
        for _ in range(options.rounds or 5):
            for case in cases:
                ours[case].append(loads[case](tls_port if case == "tls" else port, options.connections))
                asyncio.run(catch_up(home))
                bares[case].append(loads[case](_bare_port(bare, case), options.connections))
    return [_row(case, ours[case], bares[case]) for case in cases]


def _load(case: str, folder: Path, options: argparse.Namespace) -> Wrk:
    scheme = "https" if case == "tls" else "http"
    return Wrk(folder / case, options.wrk_core, options.seconds, more=CASES[case], scheme=scheme)


def _row(case: str, ours: list[Round], bares: list[Round]) -> Row:
    rate, bare_rate = (statistics.median(each.rate for each in rounds) for rounds in (ours, bares))
    p99, bare_p99 = (statistics.median(each.p99 for each in rounds) for rounds in (ours, bares))
    return Row(case, rate, bare_rate, rate / bare_rate, p99, bare_p99, sum(each.errors for each in ours))


def _bare_port(bare: Bare, case: str) -> int:
    return {"tls": bare.tls, "connections": bare.once}.get(case, bare.kept)


def _compare(folder: Path, options: argparse.Namespace) -> int:
    """Pairs in turns; which of the two is first alternates."""
    load = _load("keep-alive", folder, options)
    rounds: tuple[list[Round], list[Round]] = ([], [])
    with checkout(options.against) as tree:
        ports = free_port(0), free_port(0)
        homes = folder / "here", folder / "there"
        for home, port, each in zip(homes, ports, (ROOT, tree), strict=True):
            make_home(home, port, each)
        with engine(options.core, homes[0]), engine(options.core, homes[1], tree):
            for number in range(options.rounds or 9):
                for which in (0, 1) if number % 2 else (1, 0):
                    rounds[which].append(load(ports[which], options.connections))
                    time.sleep(SETTLE)
    return _say_pairs(options, *rounds)


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


def _say_pairs(options: argparse.Namespace, here: list[Round], there: list[Round]) -> int:
    ratios = [ours.rate / theirs.rate for ours, theirs in zip(here, there, strict=True)]
    pairs = Pairs(
        against=options.against,
        ratios=ratios,
        ratio=statistics.median(ratios),
        here=statistics.median(each.rate for each in here),
        there=statistics.median(each.rate for each in there),
        errors=sum(each.errors for each in (*here, *there)),
    )
    if options.json:
        print(json.dumps(asdict(pairs)))
    else:
        print(f"this checkout {pairs.here:,.0f}/s, {pairs.against} {pairs.there:,.0f}/s (medians)")
        print("pairs  " + "  ".join(f"{ratio:.3f}" for ratio in ratios))
        print(f"median ratio of {len(ratios)} pairs {pairs.ratio:.3f}, {pairs.errors:,} errors")
    return 1 if pairs.errors else 0


def _print(row: Row) -> None:
    print(
        f"{TITLES[row.case]:30} {row.tidegate:>9,.0f}/s  p99 {row.tidegate_p99:6.1f} ms   bare {row.bare:>9,.0f}/s  "
        f"p99 {row.bare_p99:6.1f} ms   ratio {row.ratio:.3f}   errors {row.errors:,}"
    )


if __name__ == "__main__":
    sys.exit(main())
