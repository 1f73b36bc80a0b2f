"""Requests that ended a worker: recorded by the successor, and not decoded again for a while."""

import time
from pathlib import Path

from core.config.home import Home
from core.engine.worker_process import WorkerProcess
from core.worker.lifeline import Casualty, Poison
from core.worker.limits import payload_hash
from core.worker.slot import owner_of, read_slot

POISON_SECONDS = 600.0
"""How long the bytes that killed a worker fail without being decoded."""
ORPHAN_PATIENCE = 3.0
"""Seconds that a worker of an engine that has gone may take to end, before it is ended."""


class Casualties:
    """The casualties of one event source that wait for a successor, and the poison they left."""

    def __init__(self) -> None:
        self.waiting: list[Casualty] = []
        self._poison: dict[str, Poison] = {}
        self._suspects: dict[str, float] = {}
        """Payloads that were being decoded when somebody from outside killed the worker: not their fault, once."""

    def add(self, worker: WorkerProcess) -> Poison | None:
        """A worker has ended unexpectedly; the poison that it died of, if that is how it was."""
        held = read_slot(worker.slot)
        if held is None:
            worker.slot.unlink(missing_ok=True)
            return None
        reason = worker.verdict or f"the worker {worker.ending()} while this was being decoded"
        self.waiting.append(Casualty(slot=str(worker.slot), reason=reason))
        digest = payload_hash(held.payload)
        now = time.time()
        if worker.killed_from_outside() and self._suspects.get(digest, 0.0) < now:
            self._suspects[digest] = now + POISON_SECONDS
            return None
        poison = Poison(hash=digest, until=now + POISON_SECONDS, reason=reason)
        self._poison[digest] = poison
        return poison

    def add_drained(self, worker: WorkerProcess) -> None:
        """A worker that was told to end: if it had to be ended in a decode, that request is a casualty."""
        if read_slot(worker.slot) is None:
            worker.slot.unlink(missing_ok=True)
        else:
            reason = worker.verdict or f"the worker {worker.ending()} while this was being decoded"
            self.waiting.append(Casualty(slot=str(worker.slot), reason=reason))

    def add_left(self, slot: Path) -> None:
        """A slot that an earlier engine's worker left behind; one that still lives has use for it."""
        if owner_of(slot) is not None:
            return
        if read_slot(slot) is None:
            slot.unlink(missing_ok=True)
        else:
            reason = "the engine and its worker ended while this was being decoded"
            self.waiting.append(Casualty(slot=str(slot), reason=reason))

    def hand_over(self) -> list[Casualty]:
        """What the next worker shall record; it comes back with `add_back` if that worker cannot."""
        waiting, self.waiting = self.waiting, []
        return waiting

    def add_back(self, casualties: list[Casualty]) -> None:
        self.waiting = casualties + self.waiting

    def poisoned(self) -> list[Poison]:
        """What must not be decoded now."""
        now = time.time()
        self._poison = {digest: poison for digest, poison in self._poison.items() if poison.until > now}
        return list(self._poison.values())

    def forgive(self) -> None:
        """The script has changed: everything may be tried again."""
        self._poison.clear()
        self._suspects.clear()


def buried(slots: list[str]) -> None:
    """These are in the journal now."""
    for slot in slots:
        Path(slot).unlink(missing_ok=True)


def slots_of(home: Home, tenant: str, source: str) -> Path:
    """The folder of a source's slots."""
    return home.slots / tenant / source


def orphans(home: Home) -> dict[int, Path]:
    """Workers of an engine that has gone which still live, by process id."""
    living = ((owner_of(slot), slot) for slot in home.slots.glob("*/*/*.slot"))
    return {pid: slot for pid, slot in living if pid}  # 0: it lives, and has not begun yet
