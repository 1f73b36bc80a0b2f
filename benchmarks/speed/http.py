"""The rows of HTTP alone: beside a bare asyncio server, Node-RED, Java, and itself over TLS."""

import statistics
from collections.abc import Callable
from functools import partial

from peers import Absent, java, node_red
from peers.bare import Bare
from sources import add_tls_source, certificate
from wrk import CLOSING, UNIQUE, Round

from core.cli.tutorial import free_port
from speed.bench import Bench, load, unzip
from speed.rows import Finding, ratios

JAVA_WARM = 3
"""Rounds until its compiler has done most of its work."""


def durable(bench: Bench) -> list[Finding]:
    """The rows `durable` and `p99`, of the same rounds."""
    bare, wrk = Bare(free_port(0), free_port(0)), bench.wrk()
    with bench.gate() as gate, bench.beside(bare.command) as peer:
        pairs = bench.in_turns(lambda: gate.drive(load(wrk, gate.port)), lambda: peer.drive(load(wrk, bare.kept)))
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    ours, theirs = unzip(pairs)
    notes = gate.costs() + peer.costs()
    return [
        Finding("durable", ratios(pairs), ours, theirs, notes, errors, kept),
        Finding("p99", [each.p99 for each in ours], ours, errors=errors, kept=kept),
    ]


def beside_node_red(bench: Bench) -> list[Finding]:
    """The row `node-red`."""
    try:
        folder = node_red.install()
    except Absent as absent:
        return [Finding("node-red", absent=str(absent))]
    port, wrk = free_port(0), bench.wrk()
    with bench.gate() as gate, bench.beside(node_red.command(folder, bench.new_folder("node") / "red", port)) as peer:
        pairs = bench.in_turns(lambda: gate.drive(load(wrk, gate.port)), lambda: peer.drive(load(wrk, port)))
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    ours, theirs = unzip(pairs)
    notes = _peer_errors(node_red.version(folder), sum(each.errors for each in theirs)) + gate.costs() + peer.costs()
    return [Finding("node-red", ratios(pairs), ours, theirs, notes, errors, kept)]


def unique(bench: Bench) -> list[Finding]:
    """The row `unique`; the bare server, which reads no head, has the usual load."""
    bare, wrk, usual = Bare(free_port(0), free_port(0)), bench.wrk(more=UNIQUE), bench.wrk()
    with bench.gate() as gate, bench.beside(bare.command) as peer:
        pairs = bench.in_turns(lambda: gate.drive(load(wrk, gate.port)), lambda: peer.drive(load(usual, bare.kept)))
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    return [Finding("unique", ratios(pairs), *unzip(pairs), gate.costs() + peer.costs(), errors, kept)]


def one(bench: Bench) -> list[Finding]:
    """The row `one`: what a single device waits for its answer."""
    wrk = bench.wrk()
    with bench.gate() as gate:
        gate.drive(load(wrk, gate.port, 1), 1)
        rounds = [gate.drive(load(wrk, gate.port, 1), 1) for _ in range(bench.rounds)]
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    return [Finding("one", [each.p50 for each in rounds], rounds, notes=gate.costs(), errors=errors, kept=kept)]


def connections(bench: Bench) -> list[Finding]:
    """The row `connections`."""
    try:
        classes = java.install()
    except Absent as absent:
        return [Finding("connections", absent=str(absent))]
    port, wrk = free_port(0), bench.wrk(more=CLOSING)
    with bench.gate() as gate, bench.beside(java.command(classes, port)) as server:
        ours, theirs = partial(gate.drive, load(wrk, gate.port)), partial(server.drive, load(wrk, port))
        pairs = bench.in_turns(ours, theirs, warm=JAVA_WARM)
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    notes = _peer_errors(java.version(), sum(peer.errors for _, peer in pairs)) + gate.costs() + server.costs()
    notes += _with_kept_threads(bench, java.command(classes, port, keeping=True), load(wrk, port))
    return [Finding("connections", ratios(pairs), *unzip(pairs), notes, errors, kept)]


def _with_kept_threads(bench: Bench, command: list[str], drive: Callable[[], Round]) -> list[str]:
    with bench.beside(command) as server:
        rates = [server.drive(drive).rate for _ in range(JAVA_WARM + bench.rounds)][JAVA_WARM:]
    return [f"Java that keeps its threads in a pool: {statistics.median(rates):,.0f}/s"]


def tls(bench: Bench) -> list[Finding]:
    """The row `tls`: two event sources of one engine."""
    port, pair = free_port(0), certificate(bench.new_folder("tls"))
    plain, secure = bench.wrk(), bench.wrk(scheme="https")
    with bench.gate(lambda home: add_tls_source(home, port, *pair)) as gate:
        pairs = bench.in_turns(
            lambda: gate.drive(load(secure, port), kind="TLS"),
            lambda: gate.drive(load(plain, gate.port), kind="plain"),
        )
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    return [Finding("tls", ratios(pairs), *unzip(pairs), gate.costs(), errors, kept)]


def _peer_errors(name: str, errors: int) -> list[str]:
    return [name, f"{errors:,} of its requests were not answered 200"] if errors else [name]
