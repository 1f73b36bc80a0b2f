"""What requests cost, by step, as operators see it: percentiles out of counts in log-spaced classes.

Four classes an octave, so that a percentile is told to within about 10 % however small or large it is, and a few dozen
numbers hold any amount of requests. Counts of workers, and of spells of time, are added up.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

Counts = dict[int, int]
"""How many values were in which class."""

STEPS: Final = ("interact", "decode", "commit", "answer")
"""In their order; see `CostsOver`."""

_MOST_LOOKED_UP: Final = 1 << 14
_CLASSES: Final = bytes((value**4).bit_length() for value in range(_MOST_LOOKED_UP))
"""The class of most values, which is quicker found than computed."""


class Percentiles(msgspec.Struct, frozen=True):
    """Half, 95 % and 99 % of the values are at most these."""

    p50: float
    p95: float
    p99: float


class StepCounts(msgspec.Struct, omit_defaults=True):
    """What one worker counted since it told last, with the names of `CostsOver`; times are in microseconds."""

    interact: Counts = msgspec.field(default_factory=dict[int, int])
    decode: Counts = msgspec.field(default_factory=dict[int, int])
    commit: Counts = msgspec.field(default_factory=dict[int, int])
    answer: Counts = msgspec.field(default_factory=dict[int, int])
    batch: Counts = msgspec.field(default_factory=dict[int, int])
    queue: Counts = msgspec.field(default_factory=dict[int, int])

    def __bool__(self) -> bool:
        return bool(self.batch)

    def add(self, other: "StepCounts") -> None:
        """Takes in what another counted."""
        for name in self.__struct_fields__:
            mine: Counts = getattr(self, name)
            theirs: Counts = getattr(other, name)
            for place, count in theirs.items():
                mine[place] = mine.get(place, 0) + count


class CostsOver(msgspec.Struct, kw_only=True):
    """The costs of a source's requests over a spell of time, in milliseconds; null where nothing was measured."""

    requests: int
    """Those that were measured."""
    interact: Percentiles | None
    """From the last byte of a request to the beginning of its decode. HTTP counts from the read that brought the end of
    the body, so that requests which came together wait for each other here; a framed source, a Python handler and UDP
    from the moment a frame or datagram is taken, for what may not be taken yet waits unread; read-all from the moment
    the device ended its side."""
    decode: Percentiles | None
    """To the end of the decode. Where another process decodes (Groovy) it begins when the request is handed over, and
    waiting for that process is part of it."""
    commit: Percentiles | None
    """From there until the row is on disk, with the wait for the commit before."""
    answer: Percentiles | None
    """From there until all answers of the commit were handed to the kernel, or to TLS."""
    batch: Percentiles | None
    """Rows of a commit."""
    queue: Percentiles | None
    """Requests that waited for their decode or their commit as a commit ended."""


class Costs(msgspec.Struct, kw_only=True):
    """What the requests of an event source cost, all its workers together."""

    waiting: int
    """Requests that wait for their decode or their commit now, as the workers said last."""
    last_minute: CostsOver
    since_start: CostsOver
    """Since the engine started."""


def class_of(value: int) -> int:
    """The class of a value: its fourth power has so many binary digits."""
    return _CLASSES[value] if 0 <= value < _MOST_LOOKED_UP else (value**4).bit_length()


def costs_over(counts: StepCounts) -> CostsOver:
    """The percentiles of what was counted."""
    steps = {name: _percentiles(getattr(counts, name), 1000.0, 4) for name in STEPS}
    return CostsOver(
        requests=sum(counts.decode.values()),
        **steps,
        batch=_percentiles(counts.batch, 1.0, 0),
        queue=_percentiles(counts.queue, 1.0, 0),
    )


def summed(all_counts: Iterable[StepCounts]) -> StepCounts:
    """Counts added up."""
    total = StepCounts()
    for counts in all_counts:
        total.add(counts)
    return total


def _percentiles(counts: Mapping[int, int], unit: float, digits: int) -> Percentiles | None:
    if not counts:
        return None
    values = (percentile(counts, percent) / unit for percent in (50, 95, 99))
    return Percentiles(*(round(value, digits) for value in values))


def percentile(counts: Mapping[int, int], percent: int) -> float:
    """About what `percent` of the counted values are at most: the geometric middle of its class."""
    wanted = sum(counts.values()) * percent / 100
    seen = place = 0
    for place in sorted(counts):
        seen += counts[place]
        if seen >= wanted:
            break
    return 2.0 ** ((place - 0.5) / 4) if place else 0.0
