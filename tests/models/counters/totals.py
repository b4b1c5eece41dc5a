"""What this process has counted while something was done."""

from collections.abc import Iterator
from contextlib import contextmanager

from models.counters.counting import OF_PROCESS

Counted = dict[tuple[str, ...], float]


@contextmanager
def counting(name: str) -> Iterator[Counted]:
    """By the values of the labels of a metric, in the order of their names, how many more there are at the end of the
    block; of a histogram how many were observed."""
    before, found = _of(name), dict[tuple[str, ...], float]()
    yield found
    more = {labels: value - before.get(labels, 0) for labels, value in _of(name).items()}
    found |= {labels: value for labels, value in more.items() if value}


def _of(name: str) -> Counted:
    counts, spans = OF_PROCESS.totals()
    found = {**counts, **{counter: len(each) for counter, each in spans.items()}}
    return {
        tuple(value for _, value in counter.labels): value for counter, value in found.items() if counter.name == name
    }
