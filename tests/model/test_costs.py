"""Percentiles out of classes: near the true ones, whatever was counted and however it was added up."""

import math

from hypothesis import given
from hypothesis import strategies as st

from core.model.costs import Counts, class_of, percentile

VALUES = st.lists(st.integers(min_value=0, max_value=1 << 36), min_size=1, max_size=200)


@given(VALUES, st.sampled_from([50, 95, 99]))
def test_a_percentile_is_near_the_true_one(values: list[int], percent: int) -> None:
    counts: Counts = {}
    for value in values:
        counts[class_of(value)] = counts.get(class_of(value), 0) + 1
    true = sorted(values)[math.ceil(len(values) * percent / 100) - 1]
    assert abs(percentile(counts, percent) - true) <= 0.1 * true
