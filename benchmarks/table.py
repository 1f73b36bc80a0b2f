"""How fast Tidegate is, in one table: each row beside a peer or a limit, measured in one run.

    make bench
    python benchmarks/table.py --rows durable,tls --rounds 9 --json raw.json

All of Tidegate (engine, workers, index) is pinned to one core and so is each peer; wrk has another. The two sides of a
row are measured in turns, since machines change their speed, and its figure is the median of the pairs' ratios. What
wrk counts as answered must be in the index afterwards. wrk, Node-RED (npm) and a JDK are installed where this process
may; where one cannot be had its row says why. Exit status 1: a row is below its "at least", or was not answered whole.
"""

import argparse
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from peers import Absent, need
from speed import http, whole
from speed.bench import Bench
from speed.rows import ROWS, Finding, table
from speed.steadiness import steadiness
from under_load import ROOT, machine
from wrk import missing

from core.errors import TidegateError

MEASURES: dict[Callable[[Bench], list[Finding]], tuple[str, ...]] = {
    http.durable: ("durable", "p99"),
    http.beside_node_red: ("node-red",),
    http.unique: ("unique",),
    http.one: ("one",),
    http.connections: ("connections",),
    whole.lines: ("lines",),
    http.tls: ("tls",),
    whole.workers: ("workers",),
    whole.lag: ("lag",),
    whole.console: ("console",),
}
"""What measures which rows."""
FAILURES = (OSError, RuntimeError, subprocess.SubprocessError, sqlite3.Error, TidegateError, SystemExit)
"""What one measurement may come to; the other rows are measured all the same."""
BUSY = 0.3
"""Of the load average: above it, somebody else uses the machine."""


def main() -> int:
    options = _options()
    try:
        need({"wrk": "wrk", "taskset": "util-linux", "openssl": "openssl"})
        if lack := missing((options.core, options.wrk_core), os.cpu_count() or 1):
            raise Absent(f"wants {lack}")
    except Absent as absent:
        print(absent, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-", dir=options.folder) as name:
        folder = Path(name)
        facts = _facts(folder, options)
        print("\n".join(facts), flush=True)
        os.sched_setaffinity(0, {options.wrk_core})
        bench = Bench(folder, options.core, options.wrk_core, options.seconds, options.rounds, options.lag_seconds)
        findings = measure(bench, options.rows)
    print("\n" + table(findings))
    if options.json:
        raw = {"machine": facts, "rows": [finding.raw() for finding in findings]}
        options.json.write_text(json.dumps(raw, indent=1) + "\n")
    return 0 if all(each.sound and each.verdict in ("goal", "yes") for each in findings) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How fast Tidegate is, in one table.")
    parser.add_argument("--rows", type=_rows, default=list(ROWS), help=f"some alone: {','.join(ROWS)}")
    parser.add_argument("--rounds", type=_positive, default=5, help="pairs of each row")
    parser.add_argument("--seconds", type=_positive, default=5, help="of one round")
    parser.add_argument("--lag-seconds", type=_positive, default=60, help="at full rate before the lag is taken")
    parser.add_argument("--core", type=int, default=0, help="of Tidegate and its peers")
    parser.add_argument("--wrk-core", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where homes are made for it: their disk is measured too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keeps all rounds")
    return parser.parse_args()


def _rows(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in ROWS]:
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    return [name for name in ROWS if name in names]


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def measure(bench: Bench, rows: list[str]) -> list[Finding]:
    """One measurement after another; the findings in the table's order."""
    found: dict[str, Finding] = {}
    for run, names in MEASURES.items():
        wanted = [name for name in names if name in rows]
        if not wanted:
            continue
        bench.say(", ".join(wanted))
        try:
            findings = run(bench)
        except FAILURES as error:
            findings = [Finding(name, absent=f"{type(error).__name__}: {error}") for name in wanted]
        found |= {finding.row: finding for finding in findings if finding.row in wanted}
    return [found[name] for name in rows]


def _facts(folder: Path, options: argparse.Namespace) -> list[str]:
    """The machine, the versions, and whether it is quiet."""
    git = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    commit = subprocess.run(git, capture_output=True, text=True).stdout.strip() or "no git"
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout
    version = re.search(r"wrk \S+", said)
    load = os.getloadavg()[0]
    busy = f"; not quiet: a load of {load:.1f}" if load > BUSY else f"; quiet: a load of {load:.1f}"
    return [
        f"{machine()}, SQLite {sqlite3.sqlite_version}, {version[0] if version else 'wrk'}",
        f"Tidegate {commit}; a flush to the disk takes {_flush(folder):.2f} ms{busy}",
        f"both cores busy, {steadiness(options.core, options.wrk_core)}",
        f"{options.rounds} rounds of {options.seconds} s; Tidegate and peers on core {options.core}, "
        f"wrk on core {options.wrk_core}; {time.strftime('%Y-%m-%d')}",
    ]


def _flush(folder: Path) -> float:
    """Milliseconds that fdatasync takes for 4 KiB, at the median."""
    times: list[float] = []
    with (folder / "flush").open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    sys.exit(main())
