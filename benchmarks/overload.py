"""Whether Tidegate bears what is too much: for one tenant, for one event source, and for a long time.

    python benchmarks/overload.py
    python benchmarks/overload.py memory --minutes 15

isolation   one tenant is flooded; another, at half of full load, should keep its p99 within twice
bounds      a source gets more than it can keep; it should hold a bounded queue and answer the rest 503 with Retry-After
memory      full rate for --minutes; a line fitted to the memory of engine and worker should be flat

All of Tidegate is pinned to one core, wrk to another. Exit status 1: something does not hold.
"""

import argparse
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path

from peers import Absent, need
from pressure import Verdict
from pressure.bounds import bounds
from pressure.isolation import isolation
from pressure.memory import memory
from speed.bench import Bench
from under_load import machine
from wrk import missing

TRIALS = ("isolation", "bounds", "memory")


def main() -> int:
    options = _options()
    try:
        need({"wrk": "wrk", "taskset": "util-linux"})
        if lack := missing((options.core, options.wrk_core), os.cpu_count() or 1):
            raise Absent(f"wants {lack}")
    except Absent as absent:
        print(absent, file=sys.stderr)
        return 2
    print(f"{machine()}, load {os.getloadavg()[0]:.1f}", flush=True)
    os.sched_setaffinity(0, {options.wrk_core})
    verdicts = [_run(options, name) for name in TRIALS if name in (options.trials or TRIALS)]
    if options.json:
        options.json.write_text(json.dumps([verdict.as_json() for verdict in verdicts], indent=1) + "\n")
    return 0 if all(verdict.holds for verdict in verdicts) else 1


def _run(options: argparse.Namespace, name: str) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-", dir=options.folder) as folder:
        bench = Bench(Path(folder), options.core, options.wrk_core, options.seconds, options.rounds, 0)
        trials = {"isolation": isolation, "bounds": bounds, "memory": partial(memory, minutes=options.minutes)}
        verdict = trials[name](bench)
    print(verdict, flush=True)
    return verdict


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Whether Tidegate bears what is too much.")
    parser.add_argument("trials", nargs="*", type=_trial, metavar="TRIAL", help=f"of {', '.join(TRIALS)}, alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="of one round")
    parser.add_argument("--minutes", type=float, default=15.0, help="of full rate, for `memory`")
    parser.add_argument("--core", type=int, default=0, help="of Tidegate")
    parser.add_argument("--wrk-core", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where homes are made for it; `memory` keeps some 15 GB there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keeps all samples")
    return parser.parse_args()


def _trial(text: str) -> str:
    if text not in TRIALS:
        raise argparse.ArgumentTypeError(f"no such trial: {text}; there are {', '.join(TRIALS)}")
    return text


if __name__ == "__main__":
    sys.exit(main())
