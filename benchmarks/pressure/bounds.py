"""A source that gets more than it can keep: what it answers, how many requests wait in it, what memory that takes."""

import re
import time
from dataclasses import asdict
from pathlib import Path

from framed_peers import allow_files
from speed.bench import Bench
from under_load import tidegate
from wrk import Round, Running, round_of

from core.worker.intake import MOST_WAITING, REFUSED_A_SECOND
from pressure import MIB, Verdict
from pressure.processes import peak, resident, source_of, worker_of

DEVICES = 3 * MOST_WAITING
"""Connections, all of which send again as soon as they are answered: more than may wait."""
RECORDS = 3 * REFUSED_A_SECOND
"""Rows of refused requests that may wait beside them."""
MOST_GROWTH = 64 * MIB
"""By which a worker's memory may grow: its bound on what waits, and as much for the connections."""
SOURCE = "default/lora"
COUNTING = """
local threads = {}
kept, refused, told, other = 0, 0, 0, 0
function setup(thread) table.insert(threads, thread) end
function response(status, headers)
  if status == 200 then kept = kept + 1
  elseif status == 503 then
    refused = refused + 1
    if headers["Retry-After"] then told = told + 1 end
  else other = other + 1 end
end
function done()
  for _, thread in ipairs(threads) do
    print(string.format("counted %d %d %d %d", thread:get("kept"), thread:get("refused"), thread:get("told"),
      thread:get("other")))
  end
end
"""


def bounds(bench: Bench) -> Verdict:
    """More devices than may wait, none of which heeds Retry-After."""
    allow_files(4 * DEVICES)
    seconds = bench.seconds * bench.rounds
    wrk = bench.wrk(more=COUNTING, seconds=seconds)
    with bench.gate(_room_for_all) as gate:
        worker = worker_of(gate.home, SOURCE)
        gate.drive(lambda: bench.wrk(seconds=2)(gate.port, 64), 64)
        before = resident(worker), resident(gate.pid)
        running = wrk.start(gate.port, DEVICES)
        waiting = _most_waiting(gate.home, seconds)
        counted, result = _counted(running)
        grown = peak(worker) - before[0], peak(gate.pid) - before[1]
        gate.drive(lambda: result, DEVICES)
        kept, same = gate.tally.kept(gate.home), worker_of(gate.home, SOURCE) == worker
    answered, refused, told, other = counted
    broken = result.errors - result.refused
    holds = refused > 0 and told == refused and not other and kept.whole and same
    holds = holds and waiting <= MOST_WAITING + RECORDS and grown[0] <= MOST_GROWTH
    return Verdict(
        "bounds",
        holds,
        f"a source with {DEVICES:,} devices that all send at once keeps {MOST_WAITING:,} waiting at most, answers the "
        f"rest 503 with Retry-After, and its worker grows by {MOST_GROWTH // MIB} MiB at most",
        [
            f"in {seconds} s {answered:,} answered 200, {refused:,} answered 503, {told:,} of these with Retry-After",
            f"{other:,} answered otherwise, {broken:,} broken or slower than wrk waits",
            f"at most {waiting:,} waited, records of refused ones among them, at the moments that the engine was told",
            f"memory at its peak: the worker {_grown(before[0], grown[0])}, the engine {_grown(before[1], grown[1])}",
            str(kept) if same else f"the worker was replaced; {kept}",
            *([] if refused else ["nothing was refused: wrk was not fast enough to send more than can be kept"]),
        ],
        {"counted": counted, "waiting": waiting, "before": before, "grown": grown, "result": asdict(result)},
    )


def _room_for_all(home: Path) -> None:
    room = (f"max_connections={2 * DEVICES}", f"max_connections_per_remote={2 * DEVICES}")
    tidegate(home, "set", "default", "event_sources/lora", *room)
    tidegate(home, "apply", "default")


def _most_waiting(home: Path, seconds: float) -> int:
    """The most requests that waited in the source, as it told once a second or so."""
    end, most = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        costs = source_of(home, SOURCE).costs
        most = max(most, costs.waiting if costs else 0)
        time.sleep(0.25)
    return most


def _counted(running: Running) -> tuple[list[int], Round]:
    text = running.printed()
    found = re.findall(r"^counted (\d+) (\d+) (\d+) (\d+)$", text, re.MULTILINE)
    return [sum(int(line[column]) for line in found) for column in range(4)], round_of(text)


def _grown(before: int, by: int) -> str:
    return f"{(before + by) / MIB:.1f} MiB ({by / MIB:+.1f})"
