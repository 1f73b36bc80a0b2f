"""Payloads that ended JVMs: a device that hears 422 may well send the same bytes again."""

import hashlib
from collections.abc import Callable

POISON_SECONDS = 600.0
"""For so long a payload is not decoded again."""
MOST_POISONED = 64
"""Payloads remembered; past that the oldest is forgotten."""


class Poisoned:
    """What is remembered, by script and hash; `now` gives seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._until: dict[tuple[str, bytes], float] = {}

    def add(self, script: str, payload: bytes) -> None:
        """This payload ended JVMs."""
        self._until[script, _hash(payload)] = self._now() + POISON_SECONDS
        while len(self._until) > MOST_POISONED:
            del self._until[next(iter(self._until))]

    def holds(self, script: str, payload: bytes) -> bool:
        """Whether this is one of them."""
        return bool(self._until) and self._until.get((script, _hash(payload)), 0.0) > self._now()

    def clear(self) -> None:
        """The scripts are others now."""
        self._until.clear()


def _hash(payload: bytes) -> bytes:
    return hashlib.sha256(payload).digest()
