"""One tenant's flood beside another tenant at half of full load, in turns with that one alone."""

import asyncio
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from speed.bench import CONNECTIONS, Bench, Gate
from wrk import Round, Wrk, paced

from core.cli.reach import reach
from core.cli.tutorial import free_port, make_tenant
from pressure import Verdict

CALM = 256
"""Connections of the tenant at half of full load: each waits so long between its requests that a slow answer changes
little of what they offer together."""
FLOODING = 256
"""Connections of the tenant that floods, each with the next request as soon as one is answered."""
MOST = 2.0
"""What the p99 beside the flood may be of that alone."""


@dataclass
class Turn:
    """The tenant alone and beside the flood, and the flood."""

    alone: Round
    beside: Round
    flood: Round

    @property
    def ratio(self) -> float:
        return self.beside.p99 / self.alone.p99


def isolation(bench: Bench) -> Verdict:
    """Both tenants are of one engine; each has a worker of its own, and all share Tidegate's core."""
    port, unpaced = free_port(0), bench.wrk()
    with bench.gate(lambda home: asyncio.run(_add_tenant(home, port))) as gate:
        full = [gate.drive(lambda: unpaced(port, CONNECTIONS)) for _ in range(2)][-1].rate
        calm = bench.wrk(more=paced(full / 2, CALM))
        gate.drive(lambda: calm(port, CALM), CALM)
        turns = [_turn(bench, gate, calm, port, flood_first=bool(number % 2)) for number in range(bench.rounds)]
        kept, errors = gate.tally.kept(gate.home), gate.tally.errors
    ratio = statistics.median(turn.ratio for turn in turns)
    return Verdict(
        "isolation",
        ratio <= MOST and kept.whole and not errors,
        f"the p99 of a tenant at half of full load, beside another's flood, is {ratio:.2f} of that alone "
        f"(at most {MOST:g})",
        [
            f"full load {full:,.0f}/s",
            _line("alone", [turn.alone for turn in turns]),
            _line("beside the flood", [turn.beside for turn in turns]),
            _line("the flood", [turn.flood for turn in turns]),
            f"{errors:,} requests were not answered 200; {kept}",
        ],
        {"full": full, "turns": [asdict(turn) for turn in turns], "ratio": ratio, "errors": errors},
    )


async def _add_tenant(home: Path, port: int) -> None:
    async with reach(home) as reached:
        await make_tenant(reached, "calm", "Calm", port)


def _turn(bench: Bench, gate: Gate, calm: Wrk, port: int, *, flood_first: bool) -> Turn:
    def alone() -> Round:
        return gate.drive(lambda: calm(port, CALM), CALM)

    def beside() -> tuple[Round, Round]:
        flooding = flood.start(gate.port, FLOODING)
        seen = gate.tally.add(calm(port, CALM), CALM)
        return seen, gate.drive(flooding.result, FLOODING)

    flood = bench.wrk(seconds=bench.seconds + 1)
    if flood_first:
        (seen, flooded), quiet = beside(), alone()
    else:
        quiet, (seen, flooded) = alone(), beside()
    bench.say(f"p99 {quiet.p99:.1f} ms alone, {seen.p99:.1f} ms beside a flood of {flooded.rate:,.0f}/s")
    return Turn(quiet, seen, flooded)


def _line(name: str, rounds: list[Round]) -> str:
    rate, p50, p99 = (statistics.median(getattr(each, of) for each in rounds) for of in ("rate", "p50", "p99"))
    return f"{name:18} {rate:>9,.0f}/s   p50 {p50:7.2f} ms   p99 {p99:7.2f} ms"
