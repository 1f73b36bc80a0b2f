"""What a simulator's run came to: every answer counted, every error by its kind, how long answers took."""

import math
import time
from collections import Counter
from dataclasses import dataclass, field

import msgspec

_STEPS = 32
"""Buckets for each doubling of a latency: what is read off is right within 2.2 %."""


class Latencies:
    """Seconds, counted in buckets that grow with them, so that a run of any length costs the same memory."""

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.most = 0.0

    def add(self, seconds: float) -> None:
        self._buckets[math.ceil(math.log2(max(seconds, 1e-6)) * _STEPS)] += 1
        self.count += 1
        self.most = max(self.most, seconds)

    def at(self, share: float) -> float:
        """The latency that this share of all stayed within; 0 where there are none."""
        left = share * self.count
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                return min(self.most, 2 ** (bucket / _STEPS))
        return self.most


class Summary(msgspec.Struct, kw_only=True):
    """A run in numbers. `accepted` counts answers of 2xx, and over raw TCP what was taken without an error;
    latencies are in milliseconds."""

    sent: int
    accepted: int
    statuses: dict[str, int]
    errors: dict[str, int]
    connections: int
    reconnects: int
    bytes: int
    seconds: float
    rate: float
    p50: float
    p99: float
    most: float


@dataclass
class Tally:
    """Counts while a run goes on."""

    sent: int = 0
    accepted: int = 0
    bytes: int = 0
    opened: int = 0
    statuses: Counter[str] = field(default_factory=Counter[str])
    errors: Counter[str] = field(default_factory=Counter[str])
    """Of requests."""
    connect_errors: Counter[str] = field(default_factory=Counter[str])
    latencies: Latencies = field(default_factory=Latencies)
    began: float = field(default_factory=time.perf_counter)

    def answered(self, status: int, seconds: float) -> None:
        """An HTTP answer came."""
        self.statuses[str(status)] += 1
        self.accepted += 200 <= status < 300
        self.latencies.add(seconds)

    def taken(self, seconds: float) -> None:
        """Raw TCP took a payload, which is all that can be said of it there."""
        self.accepted += 1
        self.latencies.add(seconds)

    @property
    def done(self) -> int:
        """How many came to an end, this way or that."""
        return self.latencies.count + sum(self.errors.values())

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.began

    def summary(self, connections: int) -> Summary:
        seconds = self.elapsed
        errors = dict(self.errors) | {f"connecting: {kind}": count for kind, count in self.connect_errors.items()}
        return Summary(
            sent=self.sent,
            accepted=self.accepted,
            statuses=dict(sorted(self.statuses.items())),
            errors=dict(sorted(errors.items())),
            connections=connections,
            reconnects=max(0, self.opened - connections),
            bytes=self.bytes,
            seconds=round(seconds, 3),
            rate=round(self.latencies.count / seconds, 1) if seconds else 0.0,
            p50=_ms(self.latencies.at(0.50)),
            p99=_ms(self.latencies.at(0.99)),
            most=_ms(self.latencies.most),
        )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
