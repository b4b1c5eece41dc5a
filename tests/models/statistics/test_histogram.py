"""Histograms: what they say of quantiles lies as near to the truth as their buckets are narrow."""

import math
from bisect import bisect_left
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.statistics.histogram import BOUNDS, Histogram

SPANS = st.lists(st.floats(min_value=-10, max_value=200_000), min_size=1, max_size=300)


def histogram_of(spans: Sequence[float]) -> Histogram:
    histogram = Histogram()
    for span in spans:
        histogram.note(span)
    return histogram


def bucket_of(seconds: float) -> tuple[float, float]:
    """Its bounds; what is beyond the last one counts as that."""
    at = bisect_left(BOUNDS, seconds)
    return (BOUNDS[at - 1] if at else 0.0, BOUNDS[at]) if at < len(BOUNDS) else (BOUNDS[-1], BOUNDS[-1])


@given(SPANS, st.floats(min_value=0.01, max_value=1))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(spans: list[float], share: float) -> None:
    true = sorted(spans)[max(0, math.ceil(share * len(spans)) - 1)]
    low, high = bucket_of(true)
    found = histogram_of(spans).quantile(share)
    assert found is not None
    assert low <= found <= high


@given(SPANS, SPANS)
def test_merged_ones_are_as_those_of_all_together(some: list[float], others: list[float]) -> None:
    merged = histogram_of(some)
    merged.merge(histogram_of(others))
    together = histogram_of([*some, *others])
    assert merged.counts == together.counts
    assert merged.seconds == pytest.approx(together.seconds)
    assert len(merged) == len(some) + len(others)


@given(SPANS)
def test_larger_shares_have_no_smaller_quantiles(spans: list[float]) -> None:
    histogram = histogram_of(spans)
    found = [histogram.quantile(share / 20) for share in range(21)]
    assert found == sorted(found)  # type: ignore[type-var]


def test_a_bucket_has_its_upper_bound_and_spans_in_it_are_spread_evenly() -> None:
    histogram = histogram_of([2.0] * 10)
    assert histogram.counts[BOUNDS.index(2)] == 10
    assert [histogram.quantile(share) for share in (0.1, 0.5, 1)] == [1.1, 1.5, 2.0]


def test_of_nothing_there_is_no_quantile() -> None:
    assert Histogram().quantile(0.5) is None
    assert len(Histogram()) == 0


def test_what_is_stored_is_read_as_it_was() -> None:
    histogram = histogram_of([0.0005, 3, 1e9])
    assert Histogram(histogram.counts, histogram.seconds) == histogram
