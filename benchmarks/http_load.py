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
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import POST, ROOT, Bare, Round, Tidegate, bare, catch_up, checkout, missing, pinned, wrk

from core.cli.tutorial import free_port

CLOSING = POST + 'wrk.headers["Connection"] = "close"\n'
UNIQUE = (
    POST
    + """
local count = 0
request = function()
  count = count + 1
  wrk.headers["X-Request-Id"] = string.format("%012d", count)
  return wrk.format()
end
"""
)
CASES = {"keep-alive": POST, "connections": CLOSING, "unique": UNIQUE, "tls": POST}
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
    if lacking := missing():
        print(lacking, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-") as name:
        folder = Path(name)
        for case, script in CASES.items():
            (folder / f"{case}.lua").write_text(script)
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
    certificate = _certificate(folder) if "tls" in cases else None
    port, tls_port = free_port(), free_port(0)
    tidegate, beside = Tidegate(folder / "home"), bare(*(certificate or ()))
    tidegate.run("init", "--port", str(port))
    if certificate:
        _add_tls_source(tidegate, tls_port, *certificate)
    ours: dict[str, list[Round]] = {case: [] for case in cases}
    bares: dict[str, list[Round]] = {case: [] for case in cases}
    with tidegate.serving(options.core), pinned(options.core, beside.command):
        for _ in range(options.rounds or 5):
            for case in cases:
                ours[case].append(_round(case, tls_port if case == "tls" else port, folder, options))
                catch_up(tidegate.home)
                bares[case].append(_round(case, _bare_port(beside, case), folder, options))
    return [_row(case, ours[case], bares[case]) for case in cases]


def _bare_port(beside: Bare, case: str) -> int:
    return {"tls": beside.tls, "connections": beside.once}.get(case, beside.kept)


def _round(case: str, port: int, folder: Path, options: argparse.Namespace) -> Round:
    url = f"{'https' if case == 'tls' else 'http'}://127.0.0.1:{port}/lora"
    script = folder / f"{case}.lua"
    return wrk(url, script, core=options.wrk_core, connections=options.connections, seconds=options.seconds)


def _row(case: str, ours: list[Round], bares: list[Round]) -> Row:
    rate, bare_rate = (statistics.median(each.rate for each in rounds) for rounds in (ours, bares))
    p99, bare_p99 = (statistics.median(each.p99 for each in rounds) for rounds in (ours, bares))
    return Row(case, rate, bare_rate, rate / bare_rate, p99, bare_p99, sum(each.errors for each in ours))


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "localhost.crt", folder / "localhost.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=localhost", "-days", "2", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return certificate, key


def _add_tls_source(tidegate: Tidegate, port: int, certificate: Path, key: Path) -> None:
    source = "event_sources/secure"
    tidegate.run("add", "default", "event_sources", "socket", "id=secure", f"port={port}")
    tidegate.run("add", "default", f"{source}/interaction_handler", "http")
    tidegate.run("add", "default", f"{source}/decoder", "python", "script=decode_lora.py")
    tidegate.run("add", "default", f"{source}/tls", "certificate", f"certificate={certificate}", f"key={key}")
    tidegate.run("apply", "default")


def _compare(folder: Path, options: argparse.Namespace) -> int:
    """Pairs in turns; which of the two is first alternates."""
    with checkout(options.against) as tree:
        both = [Tidegate(folder / "here", ROOT), Tidegate(folder / "there", tree)]
        ports = [free_port(0), free_port(0)]
        for tidegate, port in zip(both, ports, strict=True):
            tidegate.run("init", "--port", str(port))
        rounds: list[list[Round]] = [[], []]
        with both[0].serving(options.core), both[1].serving(options.core):
            for number in range(options.rounds or 9):
                for which in (0, 1) if number % 2 else (1, 0):
                    rounds[which].append(_round("keep-alive", ports[which], folder, options))
                    time.sleep(SETTLE)
    return _say_pairs(options, rounds)


def _say_pairs(options: argparse.Namespace, rounds: list[list[Round]]) -> int:
    here, there = rounds
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
