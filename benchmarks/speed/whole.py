"""The rows of the whole: frames, workers, the index behind them, a console before them."""

import math
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sources import add_http_source, add_lines_source
from terminal import Terminal
from under_load import ROOT, TIDEGATE
from wrk import LINE_ANSWER, LINES, Round

from core.cli.tutorial import free_port
from core.config.home import Home
from speed.bench import CONNECTIONS, Bench, Gate, load, unzip
from speed.rows import Finding, ratios

LAG_SAMPLES = 20
LAG_EVERY = 0.25
"""Seconds between samples of the index's lag."""
CONSOLE_SECONDS = 20.0
"""That a console may take until it shows Live Traffic."""


def lines(bench: Bench) -> list[Finding]:
    """The row `lines`: the same payloads and decoder, over TCP and over HTTP, from the same wrk."""
    port, wrk, of_lines = free_port(0), bench.wrk(), bench.wrk(more=LINES)
    with bench.gate(lambda home: add_lines_source(home, port, LINE_ANSWER)) as gate:
        pairs = bench.in_turns(
            lambda: gate.drive(load(of_lines, port), kind="lines"),
            lambda: gate.drive(load(wrk, gate.port), kind="HTTP"),
        )
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    return [Finding("lines", ratios(pairs), *unzip(pairs), gate.costs(), errors, kept)]


def workers(bench: Bench) -> list[Finding]:
    """The row `workers`: wrk shares the two cores with them, and the index follows after each round."""
    port, wrk = free_port(0), bench.wrk(both=True)

    def drive(gate: Gate, where: int) -> Round:
        def round() -> Round:
            with gate.not_following():
                return wrk(where, CONNECTIONS)

        return gate.drive(round)

    with bench.gate(lambda home: add_http_source(home, "two", port, "threads=2"), both=True) as gate:
        pairs = bench.in_turns(lambda: drive(gate, port), lambda: drive(gate, gate.port))
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    notes = [f"the index caught up within {max(gate.behind):.1f} s of each round"]
    return [Finding("workers", ratios(pairs), *unzip(pairs), notes, errors, kept)]


def lag(bench: Bench) -> list[Finding]:
    """The row `lag`: how old the newest request in the index is, at the worst moment of the last seconds."""
    tail = math.ceil(LAG_SAMPLES * LAG_EVERY)
    wrk = bench.wrk(seconds=bench.lag_seconds + tail + 1)
    values: list[float] = []
    middle: list[float] = []
    rounds: list[Round] = []
    with bench.gate() as gate:
        for number in range(bench.rounds):
            running = wrk.start(gate.port, CONNECTIONS)
            time.sleep(bench.lag_seconds)
            samples = _lags(gate.home)
            rounds.append(gate.drive(running.result))
            values.append(max(samples))
            middle.append(statistics.median(samples))
            bench.say(f"round {number + 1} of {bench.rounds}: {values[-1]:.2f} s at {rounds[-1].rate:,.0f}/s")
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    notes = [f"after {bench.lag_seconds} s at full rate, the worst of {LAG_SAMPLES} samples"]
    notes.append(f"the median of the samples is {statistics.median(middle):.2f} s")
    return [Finding("lag", values, rounds, notes=notes, errors=errors, kept=kept)]


def _lags(home: Path) -> list[float]:
    """Seconds between a request's receipt and its being in the index, again and again."""
    samples: list[float] = []
    with closing(sqlite3.connect(f"file:{Home(home).index_file}?mode=ro", uri=True)) as index:
        for _ in range(LAG_SAMPLES):
            [newest] = index.execute("SELECT max(newest) FROM segments").fetchone()
            samples.append(time.time() - newest / 1000)
            time.sleep(LAG_EVERY)
    return samples


def console(bench: Bench) -> list[Finding]:
    """The row `console`: it runs on wrk's core, so that what is left is what it costs the engine and wrk."""
    wrk = bench.wrk()
    drawn: list[float] = []

    def attached(gate: Gate) -> Round:
        with _live_traffic(bench, gate.home) as terminal:
            before = terminal.written
            seen = gate.drive(load(wrk, gate.port), kind="with a console")
            drawn.append((terminal.written - before) / bench.seconds)
            return seen

    with bench.gate() as gate:
        pairs = bench.in_turns(lambda: attached(gate), lambda: gate.drive(load(wrk, gate.port), kind="without"))
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    notes = [f"the console wrote {statistics.median(drawn) / 1000:,.0f} kB a second to its terminal", *gate.costs()]
    finding = Finding("console", ratios(pairs), *unzip(pairs), notes, errors, kept)
    if min(drawn) < 1000:
        finding.values, finding.absent = [], "the console showed nothing of the traffic"
    return [finding]


@contextmanager
def _live_traffic(bench: Bench, home: Path) -> Iterator[Terminal]:
    """A console at Live Traffic, on wrk's core."""
    command = ["taskset", "-c", str(bench.wrk_core), *TIDEGATE, "--home", str(home)]
    terminal = Terminal(command, cwd=str(ROOT))
    try:
        if not terminal.wait_for(b"Tenants", CONSOLE_SECONDS):
            raise SystemExit("the console did not open")
        terminal.type(b"2")
        if not terminal.wait_for(b"Live Traffic", CONSOLE_SECONDS):
            raise SystemExit("the console did not go to Live Traffic")
        terminal.drain()
        time.sleep(1.0)
        yield terminal
    finally:
        terminal.close()
