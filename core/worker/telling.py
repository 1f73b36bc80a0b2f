"""What the engine hears of a worker while that goes on: nudges, each of which gathers what came since the last."""

import asyncio
from typing import Final

from core.journal.rows import MANY
from core.worker.commit import Committer
from core.worker.door import Door
from core.worker.intake import WorkerIntake
from core.worker.lifeline import Nudge, send

NUDGE_AFTER: Final = 0.02
"""Seconds in which commits are gathered into one nudge."""
BUSY_NUDGE_AFTER: Final = 0.08
"""The same after a nudge for many rows: the index takes that many at once, and a nudge interrupts the worker where
it shares a processor with the engine."""


class Telling:
    """Tells the engine, at the other end of `writer`."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.fault: str | None = None
        """Why the journal could not be written, as long as it could not."""
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._nudging = False
        self._rows = 0
        """Committed since the last nudge."""
        self._after = NUDGE_AFTER
        self._told: tuple[int, str | None] = (0, None)
        """Connections, and why no request can be taken, as the engine heard last."""
        self._waiting_told = 0
        """Requests that waited for their decode or their commit, as it heard last."""

    def look_at(self, committer: Committer, intake: WorkerIntake, door: Door) -> None:
        """Whom it tells of; to be called before the loop has its next turn."""
        self._committer, self._intake, self._door = committer, intake, door

    def is_due(self) -> bool:
        """Whether there is something that the engine has not heard of."""
        now = (len(self._door.connections), self._intake.stalled())
        return bool(self._intake.uncounted) or now != self._told or self._costs_due()

    def _costs_due(self) -> bool:
        """Whether the engine lacks what requests cost, or that none waits any more."""
        return self._committer.costs.due() or self._intake.waiting != self._waiting_told

    def take_fault(self, reason: str) -> None:
        """The journal could not be written."""
        self.fault = reason
        self.nudge_later(0)

    def nudge_later(self, rows: int) -> None:
        """Tells soon; `rows` have been committed."""
        if rows:
            self.fault = None
            self._rows += rows
        if not self._nudging:
            self._nudging = True
            self._loop.call_later(self._after, self.nudge)

    def nudge(self, *, last: bool = False) -> None:
        """Tells now; the last one tells of all costs."""
        self._nudging = False
        self._after = BUSY_NUDGE_AFTER if self._rows >= MANY else NUDGE_AFTER
        self._rows = 0
        self._told = (len(self._door.connections), self._intake.stalled())
        fault = self.fault or self._told[1]
        nudge = Nudge(connections=self._told[0], uncounted=self._intake.uncounted.take(), fault=fault)
        nudge.held_back = self._intake.take_held_back()
        nudge.waiting = self._waiting_told = self._intake.waiting
        if last or self._committer.costs.due():
            nudge.costs = self._committer.costs.take()
        nudge.datagrams = self._door.datagrams()
        if (tls := self._door.tls) is not None:
            nudge.certificate, nudge.certificate_fault = tls.facts, tls.fault
        send(self._writer, nudge)
