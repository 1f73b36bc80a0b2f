"""Rounds of torture: load, harm at random moments, recovery, and all that must hold then."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.groovy.build import Built
from tests.torture.checks import Checks
from tests.torture.devices import Devices
from tests.torture.harm import Harm
from tests.torture.journal import read_journal
from tests.torture.ledger import Ledger
from tests.torture.site import Site

KINDS: Final = {
    "worker": 5,
    "pause": 2,
    "jvm": 2,
    "replay": 3,
    "engine": 3,
    "engine twice": 1,
    "engine and worker": 2,
    "all": 3,
    "restart": 1,
    "apply": 2,
    "apply and kill": 2,
    "console": 3,
}
"""How often each kind of harm is chosen, beside the others."""


@dataclass
class Tally:
    """What came of some rounds."""

    rounds: int = 0
    harms: Counter[str] = field(default_factory=Counter[str])
    heard: Counter[str] = field(default_factory=Counter[str])
    slowest_start: float = 0.0
    complaints: list[str] = field(default_factory=list[str])


class Torture:
    """One home and its rounds."""

    def __init__(self, folder: Path, groovy: Built | None, say: Callable[[str], None]) -> None:
        self.site = Site(folder, groovy)
        self.tally = Tally()
        self._say = say
        self._whole = Ledger()

    async def begin(self) -> None:
        """Starts the engine and waits until every source serves."""
        await self.site.ready(await self.site.start())
        checks = Checks(self.site, self._whole)
        await checks.started()
        assert checks.found == []

    async def round(self, name: str, seed: str, harms: Sequence[str] | None = None) -> list[str]:
        """One round; what does not hold after it. `harms` are chosen at random where they are not given."""
        chance = random.Random(seed)
        ledger = Ledger()
        checks = Checks(self.site, ledger)
        harm = Harm(self.site, chance, self._say)
        chosen = harms if harms is not None else choose(chance, groovy="groovy" in self.site.ports)
        since = int(time.time() * 1000)
        devices = Devices(self.site.ports, ledger, random.Random(seed))
        devices.start(name)
        try:
            for kind in chosen:
                await asyncio.sleep(chance.uniform(0.05, 0.8))
                self.tally.harms[kind] += 1
                await harm.kinds[kind]()
            await harm.ended()
            self._say("is left alone")
            await checks.serves_again()
            self._say("serves again")
        finally:
            await devices.stop()
        if self.site.console is not None and not self.site.console.lives:
            checks.found.append("the console has ended by itself")
        await checks.settles()
        await checks.holds(since)
        await checks.is_clean()
        return self._count(ledger, checks, harm)

    def _count(self, ledger: Ledger, checks: Checks, harm: Harm) -> list[str]:
        tally, heard = self.tally, ledger.counts()
        tally.rounds += 1
        tally.heard.update(heard)
        tally.slowest_start = max(tally.slowest_start, harm.slowest_start)
        found = checks.found + ledger.complaints
        tally.complaints += found
        self._whole.attempts.update(ledger.attempts)
        said = ", ".join(f"{count} {word}" for word, count in sorted(heard.items()))
        self._say(f"{said}; {f'{len(found)} complaints' if found else 'all holds'}")
        return found

    async def end(self) -> list[str]:
        """Ends the engine as an operator would, and checks the home as a whole; what does not hold."""
        self.site.close_console()
        checks = Checks(self.site, self._whole)
        await checks.holds(0)
        status = await self.site.end_engine(signal.SIGTERM)
        if status:
            checks.found.append(f"the engine ended with status {status}")
        await checks.is_gone()
        segments = read_journal(self.site.journal).segments
        self._say(f"{len(self._whole.attempts)} requests in {segments} segments")
        self.tally.complaints += checks.found
        return checks.found


def choose(chance: random.Random, groovy: bool) -> list[str]:
    """Two to five kinds of harm."""
    kinds = {kind: weight for kind, weight in KINDS.items() if groovy or kind != "jvm"}
    return chance.choices(list(kinds), list(kinds.values()), k=chance.randint(2, 5))
