"""A source's rate limit: so many requests a second on average, a burst of them at once, all its workers together.

The generic cell rate algorithm (ITU-T I.371): one moment is kept, at which all that was taken would have been due
had it come evenly; a request has room while that moment is less than a burst ahead of now. It stands in a small file
that the workers of a source map, those that drain too, and that outlives them. It is read without a lock, so that each
worker may take one request too many, for which the next wait longer: the average holds.
"""

import asyncio
import contextlib
import fcntl
import mmap
import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from core.catalogue.configured import Configured
from core.catalogue.listening import ListeningSettings

_DUE: Final = struct.Struct("=d")
_TRIES: Final = 50
"""How often the lock is tried. A worker that was stopped while it held it must not stop the others."""
_AHEAD: Final = 60.0
"""Seconds beyond a burst; a moment that is further ahead was written before the machine started."""
_SOONEST: Final = 0.005
"""Seconds between two looks whether there is room, at least."""


class RateLimit:
    """One worker's part in it. `held_back` counts how often something was not read for its sake; whoever tells sets it
    to 0."""

    def __init__(self, path: Path, rate: int, burst: int) -> None:
        """`rate` requests a second, `burst` at once; `path` is the workers' common file."""
        self.reason = f"more than the rate limit of {rate:,} requests a second"
        self.held_back = 0
        self._each = 1 / rate
        self._burst = burst / rate
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[Callable[[], None], None] = {}
        self._timer: asyncio.TimerHandle | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.posix_fallocate(self._file, 0, _DUE.size)
        self._map = mmap.mmap(self._file, _DUE.size)

    def wait(self) -> float:
        """Seconds until there is room for a request; 0 where there is now."""
        now = time.monotonic()
        return max(0.0, self._due(now) + self._each - self._burst - now)

    def take(self) -> None:
        """A request is taken."""
        locked = self._lock()
        now = time.monotonic()
        _DUE.pack_into(self._map, 0, self._due(now) + self._each)
        if locked:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _due(self, now: float) -> float:
        (due,) = _DUE.unpack_from(self._map)
        return due if now < due <= now + self._burst + _AHEAD else now

    def _lock(self) -> bool:
        for _ in range(_TRIES):
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
        return False

    def when_room(self, go_on: Callable[[], None]) -> bool:
        """See `core.catalogue.handling.Intake`."""
        if go_on in self._waiting:
            return True
        wait = self.wait()
        if not wait:
            return False
        self.held_back += 1
        self._waiting[go_on] = None
        self._wake_in(wait)
        return True

    def _wake_in(self, wait: float) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(max(wait, _SOONEST), self._wake)

    def _wake(self) -> None:
        """Those that wait go on one after the other, as far as there is room; who has more waits behind the others."""
        self._timer = None
        for _ in range(len(self._waiting)):
            if wait := self.wait():
                self._wake_in(wait)
                return
            go_on = next(iter(self._waiting))
            del self._waiting[go_on]
            go_on()


def make_rate_limit(source: Configured, slot: Path) -> RateLimit | None:
    """The limit that a source's workers share, in a file beside their slots; None where it has none."""
    settings = source.settings
    assert isinstance(settings, ListeningSettings)
    if settings.rate_limit is None:
        return None
    burst = settings.rate_limit if settings.rate_burst is None else settings.rate_burst
    return RateLimit(slot.with_name("rate"), settings.rate_limit, burst)
