"""What frames over raw TCP and UDP cost, as a share of what a bare asyncio.Protocol that does the framing alone does.

Tidegate (engine and worker, framing, a Python decoder that makes an event, the row on disk before the answer) and the
bare server are pinned to one core, the load to another, and measured in turns; the medians and their ratio are printed.
The cases: JSON lines, frames with their length before them, and datagrams, each answered, on 64 connections that send
the next frame after the answer (--window sends several). Last come 5,000 quiet connections that have logged in: what
one costs in the server's memory, what all cost in its CPU time, and the 64 busy ones with and without them.

What was answered must be in the index. The load's own share of its core is printed, so that one sees that the server is
what is measured. Where the engine has no event source for a case, the case is left out and named.

    python benchmarks/framed_load.py
    python benchmarks/framed_load.py --only prefixed --rounds 9 --window 16
"""

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from framed_peers import LINE_ANSWER, PREFIXED_ANSWER, allow_files
from under_load import (
    catch_up,
    cpu_seconds,
    engine,
    indexed,
    machine,
    make_home,
    memory,
    pinned,
    status,
    tidegate,
)
from wrk import BODY

from core.cli.tutorial import free_port

PEERS = str(Path(__file__).with_name("framed_peers.py"))
SETTLE = 1.0
"""Seconds until a server has taken note of connections that came or went."""

SCRIPT = """import json


def decode(payload, metadata, events, logger, respond):
    if payload.startswith(b"{"):
        message = json.loads(payload)
        events.measurements(message["id"], {"rssi": message["rssi"], "snr": message["snr"]})
        respond(b"OK\\n")
    else:
        events.measurements(payload[:8].hex(), {"level": int.from_bytes(payload[8:10], "big")})
        respond(b"\\x00\\x01")
"""
RECORD = bytes.fromhex("0123456789012345") + bytes(range(32))
FRAMES = {
    "lines": (BODY.encode() + b"\n", LINE_ANSWER),
    "prefixed": (len(RECORD).to_bytes(2, "big") + RECORD, PREFIXED_ANSWER),
    "udp": (RECORD, PREFIXED_ANSWER),
}
FRAMINGS = {"lines": ("line",), "prefixed": ("length_prefix", "width=2", "adjust=2", "strip=2")}
TITLES = {"lines": "JSON lines", "prefixed": "length-prefixed frames", "udp": "datagrams"}


@dataclass
class Row:
    """One case in numbers; rates are frames a second, p99 milliseconds, `load_share` of the load's own core."""

    case: str
    tidegate: float
    bare: float
    ratio: float
    tidegate_p99: float
    bare_p99: float
    load_share: float
    errors: int


class Rounds(list[dict[str, float]]):
    """What the load saw of one server in all rounds of a case."""

    def median(self, name: str) -> float:
        return statistics.median(each[name] for each in self)

    @property
    def answered(self) -> int:
        return int(sum(each["answered"] for each in self))

    @property
    def errors(self) -> int:
        return int(sum(each["errors"] for each in self))


@dataclass
class Quiet:
    """One server with quiet connections: bytes of memory for each, its CPU while all are quiet, and the busy ones."""

    server: str
    connections: int
    bytes_each: float
    cpu_share: float
    alone: float
    beside: float
    alone_p99: float
    beside_p99: float
    ratio: float
    errors: int


def main() -> int:
    options = _options()
    if (os.cpu_count() or 1) < 2:
        print("missing: a second core for the load", file=sys.stderr)
        return 2
    allow_files(options.quiet + 4096)
    with tempfile.TemporaryDirectory(prefix="tidegate-benchmark-") as folder:
        return Measurement(Path(folder) / "home", options).run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Frames over TCP and UDP beside a bare asyncio.Protocol.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="of one round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--window", type=int, default=1, help="frames that a connection sends before it waits")
    parser.add_argument("--quiet", type=int, default=5000, help="connections that stay quiet")
    parser.add_argument("--quiet-seconds", type=float, default=10, help="for which their CPU time is taken")
    parser.add_argument("--only", choices=[*FRAMES, "quiet"], action="append", help="this alone; may be repeated")
    parser.add_argument("--core", type=int, default=0, help="of the servers")
    parser.add_argument("--load-core", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


class Measurement:
    """All cases on one home; Tidegate is first in each turn."""

    def __init__(self, home: Path, options: argparse.Namespace) -> None:
        self._home = home
        self._options = options
        self._ours = {case: free_port(0) for case in FRAMES}
        self._bare = {case: free_port(0) for case in FRAMES}
        self._beside = 0
        """The bare server's process id."""
        self._acknowledged = 0
        self._errors = 0

    def run(self) -> int:
        self._make()
        wanted = self._options.only or [*FRAMES, "quiet"]
        cases = [case for case in FRAMES if case in wanted and case in self._ours]
        self._say({"machine": machine()}, machine())
        bare = [sys.executable, PEERS, "bare", json.dumps(self._bare)]
        with engine(self._options.core, self._home), pinned(self._options.core, bare) as beside:
            self._beside = beside
            for row in self._measure(cases):
                self._say(asdict(row), _row_text(row))
            if "quiet" in wanted:
                for quiet in (self._quiet("tidegate", self._ours), self._quiet("bare", self._bare)):
                    self._say(asdict(quiet), _quiet_text(quiet))
            asyncio.run(catch_up(self._home))
            there = indexed(self._home)
        whole = there == self._acknowledged or ("udp" in cases and there > self._acknowledged)
        kept = {"acknowledged": self._acknowledged, "indexed": there}
        self._say(kept, f"acknowledged {self._acknowledged:,}, indexed {there:,}")
        return 0 if whole and not self._errors else 1

    def _make(self) -> None:
        """A home with a source for each case that the engine has one for."""
        make_home(self._home, free_port(0))
        (self._home / "tenants" / "default" / "scripts" / "frames.py").write_text(SCRIPT)
        most = self._options.quiet + self._options.connections + 100
        room = (f"max_connections={most}", f"max_connections_per_remote={most}")
        for case, framing in FRAMINGS.items():
            port = f"port={self._ours[case]}"
            tidegate(self._home, "add", "default", "event_sources", "socket", f"id={case}", port, *room)
            tidegate(self._home, "add", "default", f"event_sources/{case}/interaction_handler", "framed")
            tidegate(self._home, "add", "default", f"event_sources/{case}/interaction_handler/framing", *framing)
            tidegate(self._home, "add", "default", f"event_sources/{case}/decoder", "python", "script=frames.py")
        try:
            tidegate(self._home, "add", "default", "event_sources", "udp", "id=udp", f"port={self._ours['udp']}")
            tidegate(self._home, "add", "default", "event_sources/udp/decoder", "python", "script=frames.py")
        except subprocess.CalledProcessError:
            del self._ours["udp"]
            print("left out: udp, which this engine has no event source for", file=sys.stderr)
        tidegate(self._home, "apply", "default")

    def _measure(self, cases: list[str]) -> Iterator[Row]:
        ours: dict[str, Rounds] = {case: Rounds() for case in cases}
        bares: dict[str, Rounds] = {case: Rounds() for case in cases}
        for _ in range(self._options.rounds):
            for case in cases:
                ours[case].append(self._drive(case, self._ours[case]))
                asyncio.run(catch_up(self._home))
                bares[case].append(self._drive(case, self._bare[case]))
        for case in cases:
            our, bare = ours[case], bares[case]
            self._count(our)
            rates = our.median("rate"), bare.median("rate")
            share = max(our.median("share"), bare.median("share"))
            p99s = our.median("p99"), bare.median("p99")
            yield Row(case, *rates, rates[0] / rates[1], *p99s, share, our.errors + bare.errors)

    def _quiet(self, server: str, ports: dict[str, int]) -> Quiet:
        """The busy ones alone and beside the quiet ones, in turns."""
        port, alone, beside = ports["prefixed"], Rounds(), Rounds()
        each, shares = list[float](), list[float]()
        before = 0
        for _ in range(self._options.rounds):
            alone.append(self._drive("prefixed", port))
            time.sleep(SETTLE)
            before = before or memory(self._worker(server))  # later it holds what earlier rounds have freed
            with self._staying(port, ours=server == "tidegate"):
                time.sleep(SETTLE)
                worker = self._worker(server)
                each.append((memory(worker) - before) / self._options.quiet)
                used = cpu_seconds(worker)
                time.sleep(self._options.quiet_seconds)
                shares.append((cpu_seconds(worker) - used) / self._options.quiet_seconds)
                beside.append(self._drive("prefixed", port))
            time.sleep(SETTLE)
        if server == "tidegate":
            self._count(alone)
            self._count(beside)
        rates = alone.median("rate"), beside.median("rate")
        p99s = alone.median("p99"), beside.median("p99")
        costs = statistics.median(each), statistics.median(shares)
        errors = alone.errors + beside.errors
        return Quiet(server, self._options.quiet, *costs, *rates, *p99s, rates[1] / rates[0], errors)

    @contextlib.contextmanager
    def _staying(self, port: int, *, ours: bool) -> Iterator[None]:
        """The quiet connections, in a process of their own."""
        frame, answer = FRAMES["prefixed"]
        settings = {"port": port, "count": self._options.quiet, "frame": frame.hex(), "answer": answer.hex()}
        command = ["taskset", "-c", str(self._options.load_core), sys.executable, PEERS, "stay", json.dumps(settings)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            answered = int(process.stdout.readline() or 0)
            self._acknowledged += answered if ours else 0
            self._errors += self._options.quiet - answered
            yield
            process.stdin.close()

    def _drive(self, case: str, port: int) -> dict[str, float]:
        options, (frame, answer) = self._options, FRAMES[case]
        settings: dict[str, Any] = {"port": port, "frame": frame.hex(), "answer": answer.hex(), "udp": case == "udp"}
        settings |= {"connections": options.connections, "seconds": options.seconds, "window": options.window}
        command = ["taskset", "-c", str(options.load_core), sys.executable, PEERS, "drive", json.dumps(settings)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=options.seconds + 60)
        return json.loads(done.stdout)

    def _count(self, rounds: Rounds) -> None:
        self._acknowledged += rounds.answered
        self._errors += rounds.errors

    def _worker(self, server: str) -> int:
        """The process that serves."""
        if server == "bare":
            return self._beside
        sources = asyncio.run(status(self._home)).tree.children[0].children
        [source] = [node for node in sources if node.path == "default/prefixed"]
        return next(node.detail["pid"] for node in source.children if node.kind == "worker")

    def _say(self, value: dict[str, Any], text: str) -> None:
        print(json.dumps(value) if self._options.json else text, flush=True)


def _row_text(row: Row) -> str:
    return (
        f"{TITLES[row.case]:24} {row.tidegate:>8,.0f}/s  p99 {row.tidegate_p99:6.1f} ms   bare {row.bare:>8,.0f}/s  "
        f"p99 {row.bare_p99:6.1f} ms   ratio {row.ratio:.3f}   load {row.load_share:.0%}   errors {row.errors:,}"
    )


def _quiet_text(quiet: Quiet) -> str:
    return (
        f"{quiet.server:8} {quiet.connections:,} quiet: {quiet.bytes_each / 1024:.1f} KiB each, "
        f"CPU {quiet.cpu_share:.2%}   busy {quiet.alone:,.0f}/s alone, {quiet.beside:,.0f}/s beside them, "
        f"ratio {quiet.ratio:.3f}   p99 {quiet.alone_p99:.1f} and {quiet.beside_p99:.1f} ms   errors {quiet.errors:,}"
    )


if __name__ == "__main__":
    sys.exit(main())
