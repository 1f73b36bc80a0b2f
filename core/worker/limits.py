"""The time limit of whatever script runs in a worker, and the note of it that outlives the worker.

What runs is noted in the slot and given a deadline. Past it an interval timer raises `Overtime` in the script: a
BaseException, so that the script's own `except Exception` doesn't eat it, and again and again, so that a bare
`except:` doesn't either. What even that cannot end (a loop inside one C call) the engine ends, by killing the worker.
"""

import atexit
import hashlib
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

from core.scripting.log import DecodeLog
from core.worker.slot import Slot

BEAT = 0.05
"""Seconds between two looks at the deadline: a script has so much longer at the most, and as long from one Overtime to
the next while it swallows them."""
QUIET_BEATS = 20
"""Beats without any script after which the timer rests."""
SET_AGAIN = 1.0
"""Seconds after which it and its handler are set again at the next script, for a script may have set them otherwise."""
LOAD_TIMEOUT = 5.0
"""Seconds that the loading of a script may take."""

MOST_REASON = 2000
"""Characters of a script's own words that are kept."""


class Overtime(BaseException):
    """Raised in a script that runs longer than it may."""


class Alarm:
    """The process's one interval timer, which whatever runs under a limit shares: one script runs at a time.

    It beats for as long as scripts run now and then, since to set it for each of them costs two system calls.
    """

    def __init__(self) -> None:
        self.armed = False
        self.expired = False
        self._deadline = 0.0
        self._set_again = 0.0
        self._quiet = 0

    def arm(self, timeout: float, now: float) -> None:
        """From `now` on, of time.monotonic(), Overtime is raised in what runs longer, until `armed` is set back."""
        self.expired = False
        self._deadline = now + timeout
        self._quiet = 0
        self.armed = True
        if now >= self._set_again or timeout < BEAT:
            self._set_again = now + SET_AGAIN
            signal.signal(signal.SIGALRM, self.ring)
            signal.setitimer(signal.ITIMER_REAL, min(timeout, BEAT), BEAT)

    def ring(self, number: int, frame: FrameType | None) -> None:
        """The handler of the timer's signal."""
        if self.armed:
            if time.monotonic() >= self._deadline:
                self.expired = True
                raise Overtime
            return
        self._quiet += 1
        if self._quiet > QUIET_BEATS:
            self.rest()

    def rest(self) -> None:
        """Beats no more, until the next script."""
        self.forget()
        signal.setitimer(signal.ITIMER_REAL, 0)

    def forget(self) -> None:
        """The timer is not as it was set: the next script sets it again."""
        self._set_again = 0.0


ALARM = Alarm()
atexit.register(ALARM.rest)  # as the interpreter ends, a signal that nobody handles would kill the process


class Limited:
    """Base of what runs scripts. Must live in the main thread, where Python runs signal handlers."""

    def __init__(self, slot: Slot | None, log: DecodeLog) -> None:
        self._slot = slot
        self._log = log
        self.poisoned: dict[str, tuple[float, str]] = {}
        """Hashes of payloads that killed a worker: until when (time.time()), and why."""

    def hold_in(self, slot: Slot) -> None:
        """Notes in this slot what every script is run for, while it runs."""
        self._slot = slot

    @contextmanager
    def within(self, timeout: float) -> Generator[None]:
        """Raises Overtime in what takes longer."""
        try:
            ALARM.arm(timeout, time.monotonic())
            yield
        finally:
            ALARM.armed = False

    @contextmanager
    def loading(self) -> Generator[None]:
        """Loads a script within the limit; what it prints meanwhile is not kept, what ended workers is forgotten."""
        try:
            with self.within(LOAD_TIMEOUT):
                yield
        except Overtime:
            raise TimeoutError(f"the script took longer than {LOAD_TIMEOUT:g} s to load") from None
        finally:
            self.poisoned.clear()
            self._log.take()

    def poison(self, payload: bytes) -> str | None:
        """Why these bytes must not be given to a script again; None where they may. No bytes are no reason."""
        known = self.poisoned.get(payload_hash(payload)) if self.poisoned and payload else None
        if known is None or known[0] < time.time():
            return None
        return f"not decoded again: these bytes ended a worker ({known[1]})"


def payload_hash(payload: bytes) -> str:
    """What a payload is remembered by."""
    return hashlib.sha256(payload).hexdigest()


def kept_reason(text: str) -> str:
    """A script's words as they are kept: lone surrogates, which nothing can store, become question marks."""
    return text[:MOST_REASON].encode("utf-8", "replace").decode()
