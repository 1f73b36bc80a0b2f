"""The engine's thread that keeps the index up with the workers."""

import contextlib
import logging
import os
import threading
import time
from typing import Final

from core.journal.follower import Follower
from core.journal.rows import MANY

LOG = logging.getLogger("tidegate.journal")

COALESCE_SECONDS: Final = 0.01
"""Passes begin no closer together than this, so that a burst of commits makes one."""

BUSY_COALESCE_SECONDS: Final = 0.1
"""After a pass that took many rows: to index many at once costs less than half as much a row."""

AGAIN_SECONDS: Final = 0.02
"""How soon a pass follows one that could not look at every segment, while somebody waits for that."""

NICE: Final = 2
"""Of the thread: where it shares a processor with workers, devices are answered first."""

IDLE_SECONDS: Final = 0.5
"""A pass is made this often without any nudge: a nudge may be lost with the worker that owed it."""


class FollowerThread:
    """Runs a follower's passes. All its methods may be called from any thread; `passed` and `stop` wait."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self._condition = threading.Condition()
        self._nudged = True
        self._awaited = 0
        self._waiting = 0
        self._started = 0
        self._whole = 0
        """The last pass that looked at every segment."""
        self._left = 0
        """Rows that the last pass to end did not take, of those that were there when it began."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="journal-follower", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def nudge(self) -> None:
        """Says that a worker has committed."""
        with self._condition:
            self._nudged = True
            self._condition.notify_all()

    def behind(self) -> int:
        return self.follower.behind()

    def passed(self, timeout: float = 2.0) -> int:
        """Waits, at most `timeout` seconds, until a pass that began after this call has looked at every segment, so
        that all that was committed before is indexed. Returns how many rows that pass left behind; where it took
        longer, how many are behind as far as is known, and at least one."""
        with self._condition:
            wanted = self._started + 1
            self._awaited = max(self._awaited, wanted)
            self._condition.notify_all()
            self._waiting += 1
            self._condition.wait_for(lambda: self._whole >= wanted or self._stopping, timeout)
            self._waiting -= 1
            return self._left if self._whole >= wanted else max(1, self.follower.behind())

    def succeed(self, timeout: float) -> bool:
        """Has the index that is ready take the place of the one in use; whether it did within `timeout` seconds."""
        before = self.follower.successions
        deadline = time.monotonic() + timeout
        self.follower.succeed()
        while self.follower.successions == before and not self._stopping and time.monotonic() < deadline:
            self.passed(timeout=1.0)
        return self.follower.successions > before

    def stop(self, timeout: float = 10.0) -> None:
        """Ends the pass that runs after its batch, then the thread, and closes what the follower holds open."""
        with self._condition:
            self._stopping = self.follower.stopping = True
            self._condition.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        if not self._thread.is_alive():
            self.follower.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while True:
            with self._condition:
                self._condition.wait_for(self._is_wanted, IDLE_SECONDS)
                if self._stopping:
                    return
                self._nudged = False
                self._started += 1
                thoroughly = self._started <= self._awaited
            began = time.monotonic()
            taken = self._pass(thoroughly)
            with self._condition:
                self._left = self.follower.behind()
                if self.follower.whole:
                    self._whole = self._started
                elif self._waiting:
                    self._awaited = self._started + 1
                    self._condition.wait_for(lambda: self._stopping, AGAIN_SECONDS)
                self._condition.notify_all()
                coalesce = COALESCE_SECONDS if taken < MANY else BUSY_COALESCE_SECONDS
                rest = began + coalesce - time.monotonic()
                self._condition.wait_for(self._is_urgent, max(0.0, rest))

    def _is_wanted(self) -> bool:
        return self._nudged or self._is_urgent()

    def _is_urgent(self) -> bool:
        return self._stopping or self._awaited > self._started

    def _pass(self, thoroughly: bool) -> int:
        try:
            return self.follower.take(thoroughly=thoroughly)
        except Exception:
            # Whatever it was, the next pass tries again: without this thread nothing would be shown any more.
            LOG.exception("following the journal failed")
            return 0
