"""Full load for a long time: whether the memory of the engine and its worker stays as it is."""

import shutil
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from speed.bench import CONNECTIONS, Bench

from core.config.home import Home
from pressure import MIB, Verdict
from pressure.processes import sampled, worker_of

SETTLING = 0.2
"""Of the time: it is left out of the fit, since the index's page cache of 32 MiB fills in it."""
MOST_SHARE, MOST_BYTES = 0.05, 4 * MIB
"""What the fitted line may rise by in a quarter of an hour: of the process's memory, or so much where that is more."""
QUARTER = 900.0
BYTES_A_MINUTE = 1.5e9
"""Of disk: what is kept at full rate, and room."""


def memory(bench: Bench, minutes: float) -> Verdict:
    """A line is fitted to the resident memory of each process, a sample a second or so."""
    seconds = round(minutes * 60)
    wanted = int(minutes * BYTES_A_MINUTE)
    if (free := shutil.disk_usage(bench.folder).free) < wanted:
        words = f"wants {wanted / 1e9:.0f} GB of disk at {bench.folder}, where {free / 1e9:.0f} GB are free: --folder"
        return Verdict("memory", False, words)
    wrk = bench.wrk(seconds=seconds)
    with bench.gate(_keep_all) as gate:
        processes = {"engine": gate.pid, "worker": worker_of(gate.home, "default/lora")}
        running = wrk.start(gate.port, CONNECTIONS)
        with sampled(processes, min(1.0, seconds / 60)) as samples:
            seen = running.result()
        gate.drive(lambda: seen)
        kept = gate.tally.kept(gate.home)
        same = worker_of(gate.home, "default/lora") == processes["worker"]
    lines = [f"{seen.answered:,} requests in {seconds} s, {seen.rate:,.0f}/s, p99 {seen.p99:.1f} ms; {kept}"]
    flat = same and kept.whole and not seen.errors
    slopes: dict[str, float] = {}
    for name, sizes in samples.bytes.items():
        slope, fitted = fit(samples.seconds, sizes)
        slopes[name] = slope
        most = max(MOST_BYTES, MOST_SHARE * statistics.fmean(sizes))
        flat = flat and slope * QUARTER <= most
        lines.append(
            f"{name}: {sizes[0] / MIB:.1f} MiB first, {fitted / MIB:.1f} at the fitted line's end, "
            f"{max(sizes) / MIB:.1f} at most; slope {slope * QUARTER / MIB:+.2f} MiB in 15 minutes, "
            f"{most / MIB:.1f} allowed, {slope * seconds / seen.answered:+.2f} B a request"
        )
    words = f"memory is flat over {minutes:g} minutes at full rate"
    return Verdict("memory", flat, words, lines, {"samples": asdict(samples), "slopes": slopes, "seen": asdict(seen)})


def _keep_all(home: Path) -> None:
    """More is sent than the size that is kept by default, and all of it is counted at the end."""
    with Home(home).instance_file.open("a", encoding="utf-8") as file:
        file.write('\n[retention]\nsize = "1 TiB"\n')


def fit(seconds: Sequence[float], sizes: Sequence[int]) -> tuple[float, float]:
    """The slope of the least-squares line, in bytes a second, and its end, without the time that caches take."""
    begin = int(len(seconds) * SETTLING)
    slope, intercept = statistics.linear_regression(seconds[begin:], sizes[begin:])
    return slope, intercept + slope * seconds[-1]
