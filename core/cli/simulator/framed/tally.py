"""What a run of frames came to: answers that were right, wrong, missing or not expected."""

import time
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from core.cli.simulator.tally import Summary, Tally

SHOWN = 3
"""Faults of each kind that a report shows."""
MOST_GOT = 4096
"""Bytes of a wrong answer that are kept to be shown."""

Kind = Literal["wrong", "missing", "unexpected"]


class AnswerFault(msgspec.Struct, kw_only=True, frozen=True):
    """An answer that is not as it should be; bytes are in hex."""

    kind: Kind
    frame: str
    """The frame's name, or its number in the file; of an unexpected answer the frame that was sent last."""
    expected: str
    got: str


class FrameSummary(Summary, kw_only=True):
    """A run of frames in numbers. `accepted` are the frames that came out as they should: answered right, or sent where
    no answer is known. Of answers that nobody knew, `unchecked` counts the pieces as they came (over UDP the datagrams)
    and `unchecked_bytes` their bytes. `unsent` are frames that a lost connection left over."""

    right: int
    wrong: int
    missing: int
    unexpected: int
    unchecked: int
    unchecked_bytes: int
    unsent: int
    hung_up: int
    """Connections that the other side ended."""
    received: int
    """Bytes."""
    faults: list[AnswerFault]

    @property
    def flawless(self) -> bool:
        """Whether every frame went out, and every answer that was known came, and no other."""
        return not (self.wrong or self.missing or self.unexpected or self.unsent or self.errors) and self.sent > 0


@dataclass
class FrameTally(Tally):
    """Counts while a run of frames goes on."""

    wrong: int = 0
    missing: int = 0
    unexpected: int = 0
    unchecked: int = 0
    unchecked_bytes: int = 0
    unsent: int = 0
    hung_up: int = 0
    received: int = 0
    faults: list[AnswerFault] = field(default_factory=list[AnswerFault])
    last: float = field(default_factory=time.perf_counter)
    """When the last byte came or went."""

    @property
    def done(self) -> int:
        return self.sent

    def right(self, seconds: float) -> None:
        """An answer came as expected."""
        self.statuses["right"] += 1
        self.accepted += 1
        self.latencies.add(seconds)

    def fault(self, kind: Kind, frame: str, expected: bytes = b"", got: bytes = b"") -> None:
        """Counts an answer that is not as it should be; the first of its kind are kept."""
        match kind:
            case "wrong":
                self.wrong += 1
            case "missing":
                self.missing += 1
            case _:
                self.unexpected += 1
        self.statuses[kind] += 1
        if self.statuses[kind] <= SHOWN:
            shown = AnswerFault(kind=kind, frame=frame, expected=expected.hex(), got=got[:MOST_GOT].hex())
            self.faults.append(shown)

    def frames_summary(self, connections: int) -> FrameSummary:
        """The run in numbers; its time ends with the last byte, not with the wait for more."""
        seconds = max(self.last - self.began, 1e-6)
        usual = msgspec.structs.asdict(self.summary(connections))
        usual |= {"seconds": round(seconds, 3), "rate": round(self.sent / seconds, 1), "statuses": {}}
        return FrameSummary(
            **usual,
            right=self.statuses["right"],
            wrong=self.wrong,
            missing=self.missing,
            unexpected=self.unexpected,
            unchecked=self.unchecked,
            unchecked_bytes=self.unchecked_bytes,
            unsent=self.unsent,
            hung_up=self.hung_up,
            received=self.received,
            faults=self.faults,
        )
