"""The lifecycle of components: one state, with the reason and since when.

Rule: a component moves along `NEXT` and nowhere else, and every move is made through `Lifecycle.to`.
"""

import time

from core.control.states import State
from core.model.dates import date_text

NEXT: dict[State, tuple[State, ...]] = {
    "stopped": ("starting", "error"),
    "starting": ("started", "error", "stopping", "stopped"),
    "started": ("draining", "stopping", "starting", "error"),
    "draining": ("stopped", "error"),
    "stopping": ("stopped", "error"),
    "error": ("starting", "stopping", "stopped", "started"),
}
"""`started` goes back to `starting` while all its workers are being replaced."""


class Lifecycle:
    """A component's state."""

    def __init__(self) -> None:
        self.state: State = "stopped"
        self.reason: str | None = None
        self._since = time.time()

    @classmethod
    def at(cls, state: State, reason: str | None) -> "Lifecycle":
        """One that has come to `state` just now, for a component whose state follows from others'."""
        lifecycle = cls()
        lifecycle.state, lifecycle.reason = state, reason
        return lifecycle

    @property
    def since(self) -> str:
        return date_text(int(self._since * 1000))

    def to(self, state: State, reason: str | None = None) -> None:
        """Moves to `state`; the same state again only changes the reason."""
        if state != self.state:
            assert state in NEXT[self.state], f"no way from {self.state} to {state}"
            self.state = state
            self._since = time.time()
        self.reason = reason
