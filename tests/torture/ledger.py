"""What devices sent and what they were answered: what the journal is held against."""

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Heard = Literal["nothing", "kept", "failed", "refused"]
"""What a device was answered: nothing at all; its request is on disk and decoded; it is on disk and its decode has
failed; come again (503)."""


@dataclass(slots=True)
class Attempt:
    """One request as it was sent once. A device that hears nothing, or 503, sends what it has to say again, as another
    attempt of the same `uid`."""

    source: str
    uid: str
    number: int
    bad: bool
    """Its decoder will fail on it."""
    heard: Heard = "nothing"

    @property
    def mark(self) -> str:
        """Unique; it stands in the payload, and is the hardware id of the event."""
        return f"{self.uid}.{self.number}"

    @property
    def acknowledged(self) -> bool:
        """Whether the device may forget it."""
        return self.heard in ("kept", "failed")


class Ledger:
    """All attempts, by their mark."""

    def __init__(self) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.complaints: list[str] = []
        """Answers that no attempt waited for, or that were another's."""

    def begin(self, source: str, uid: str, number: int, bad: bool) -> Attempt:
        attempt = Attempt(source, uid, number, bad)
        self.attempts[attempt.mark] = attempt
        return attempt

    def counts(self) -> Counter[Heard]:
        return Counter(attempt.heard for attempt in self.attempts.values())

    def acknowledged_by(self) -> Counter[str]:
        """How many requests each source has acknowledged."""
        return Counter(attempt.source for attempt in self.attempts.values() if attempt.acknowledged)
