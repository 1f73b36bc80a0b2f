"""`python -m tests.torture`: kills every process of Tidegate at random moments under load, for as long as one likes.

It prints its seed, what it does in each round, and a verdict. Where something does not hold, the home is kept, and how
to run that round again is said: the same harm in the same order, at about the same moments.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Final

from core.groovy import discovery
from core.groovy.build import Built, build
from core.groovy.discovery import Missing
from tests.torture.rounds import Torture

ROUNDS_A_HOME: Final = 10
"""Then the home is checked as a whole, and another is begun."""


def say(text: str) -> None:
    print(f"  {text}", flush=True)


def groovy(folder: Path) -> Built | None:
    found = discovery.find()
    if isinstance(found, Missing):
        print(f"without a Groovy source: {found.reason}")
        return None
    return build(found, folder / "groovy")


async def run_home(
    folder: Path, built: Built | None, seed: int, numbers: list[int], until: float
) -> tuple[Torture, int]:
    """Rounds in one home; how many of `numbers` were run. It stops at the first that complains."""
    torture = Torture(folder, built, say)
    done = 0
    try:
        await torture.begin()
        for number in numbers:
            if done and time.monotonic() > until:
                break
            print(f"round {number}", flush=True)
            done += 1
            try:
                await torture.round(f"r{number}", f"{seed}:{number}")
            except Exception:  # noqa: BLE001  # whatever it is, the round is told of and its home kept
                torture.tally.complaints.append(traceback.format_exc())
            if torture.tally.complaints:
                return torture, done
        await torture.end()
    finally:
        await torture.site.destroy()
    return torture, done


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long; the last round is finished")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="what is done follows from it")
    parser.add_argument("--round", type=int, help="this round alone")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    built = groovy(folder)
    until = time.monotonic() + asked.minutes * 60
    rounds, slowest, homes = 0, 0.0, 0
    harms, heard = Counter[str](), Counter[str]()
    number = 1
    while True:
        place = folder / f"home{homes}"
        place.mkdir()
        numbers = [asked.round] if asked.round is not None else list(range(number, number + ROUNDS_A_HOME))
        torture, done = asyncio.run(run_home(place, built, asked.seed, numbers, until))
        tally = torture.tally
        homes, number, rounds = homes + 1, number + done, rounds + tally.rounds
        harms.update(tally.harms)
        heard.update(tally.heard)
        slowest = max(slowest, tally.slowest_start)
        if tally.complaints:
            print(f"\nround {numbers[done - 1]} does not hold; its home is {place / 'home'}")
            for complaint in tally.complaints[:50]:
                print(f"  {complaint}")
            print(f"again: python -m tests.torture --seed {asked.seed} --round {numbers[done - 1]}")
            break
        shutil.rmtree(place)
        if asked.round is not None or time.monotonic() > until:
            break
    print(f"\n{rounds} rounds in {homes} homes: " + ", ".join(f"{count} {kind}" for kind, count in harms.most_common()))
    print(", ".join(f"{count} {word}" for word, count in heard.most_common()) + f"; slowest start {slowest:.1f} s")
    print("nothing was lost" if not tally.complaints else f"{len(tally.complaints)} complaints")
    if not tally.complaints:
        shutil.rmtree(folder)
    return 1 if tally.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
