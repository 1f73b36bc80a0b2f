"""What operators are told of how much is kept, and of when there is no more room."""

import math

import pytest

from core.model.kept import DAY, Kept, growth_text, kept_described, limits_text, look_ahead, outlook_text, span_text

MIB = 1 << 20


def looked(kept: Kept, disk_left: float = math.inf, weight: float = 1.0) -> Kept:
    look_ahead(kept, disk_left, weight)
    return kept


@pytest.mark.parametrize(
    ("bytes", "growth", "age", "size", "disk_left", "said"),
    [
        (0, 0.0, 7, 100, math.inf, "does not grow"),
        (0, 10, 7, 100, math.inf, "full in 10 d at this rate"),
        (20, 160, 7, 100, math.inf, "full in 12 h at this rate"),
        (96, 20, 7, 100, math.inf, "full: the oldest goes for what comes after 5 d at this rate"),
        (20, 10, 7, 100, math.inf, "never full: age keeps it at 70.0 MiB at this rate"),
        (70, 10, 7, 100, math.inf, "never full: age keeps it at 70.0 MiB at this rate"),
        (20, 10, 7, 100, 30, "the disk is full in 3 d at this rate"),
        (20, 100, 7, 100, 50, "the disk is full in 12 h at this rate"),
        (20, 10, 7, 100, 0, "the disk is full: every source answers 503"),
        (20, 10, 7, 100, 60, "never full: age keeps it at 70.0 MiB at this rate"),
        (20, 10, 7, None, math.inf, "never full: age keeps it at 70.0 MiB at this rate"),
        (20, 10, None, None, math.inf, "never full"),
    ],
)  # fmt: skip
def test_the_outlook(
    bytes: int, growth: float, age: float | None, size: int | None, disk_left: float, said: str
) -> None:
    """Sizes in MiB, growth in MiB a day, the age in days."""
    if (bytes, growth, age) == (0, 10, 7):
        age = 70
    kept = Kept(
        bytes=bytes * MIB,
        growth=growth * MIB / DAY,
        age=None if age is None else age * DAY,
        size=None if size is None else size * MIB,
    )
    assert outlook_text(looked(kept, disk_left * MIB)).startswith(said)


def test_the_index_takes_room_of_the_disk_too() -> None:
    kept = Kept(bytes=20 * MIB, growth=10 * MIB / DAY, age=7 * DAY, size=100 * MIB)
    assert outlook_text(looked(kept, 60 * MIB, weight=1.5)) == "the disk is full in 4 d at this rate"


def test_the_words() -> None:
    assert [span_text(each) for each in (0, 0.5, 59, 60, 3599, 7200, 2 * DAY, 1500 * DAY)] == [
        *("0 s", "0 s", "59 s", "1 min", "59 min", "2 h", "2 d", "1,500 d")
    ]
    assert growth_text(10 * MIB / DAY) == "10.0 MiB a day"
    kept = Kept(bytes=5 * MIB, requests=1200, failed=7, age=7 * DAY, size=100 * MIB, failed_age=30 * DAY)
    assert limits_text(kept) == "7 d, 100.0 MiB, failed 30 d"
    kept.disk_free, kept.disk_least = 3 * MIB, 2 * MIB
    assert kept_described(kept, "then") == [
        ("kept", "5.0 MiB, 1,200 requests, 7 of them failed and kept longer"),
        ("kept since", "then"),
        ("growth", "0 B a day, does not grow"),
        ("retention", "7 d, 100.0 MiB, failed 30 d"),
        ("disk", "3.0 MiB free, 2.0 MiB stay free"),
    ]
