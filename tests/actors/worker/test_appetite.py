"""How many runs a process may hold, by how long its runs take."""

import pytest

from actors.worker.keeping.appetite import Appetite


def fed(seconds: float, threads: int = 4, times: int = 200) -> Appetite:
    appetite = Appetite(threads)
    for _ in range(times):
        appetite.note(seconds)
    return appetite


@pytest.mark.parametrize(
    ("seconds", "most", "worthwhile", "prefetch"),
    [
        (3600, 4, 4, 4),
        (0.06, 4, 4, 4),
        (0.04, 8, 4, 64),
        (0.0049, 4 + 16, 8, 64),
        (0.0001, 4 + 64, 32, 64),
    ],
)
def test_short_runs_are_claimed_ahead(seconds: float, most: int, worthwhile: int, prefetch: int) -> None:
    appetite = fed(seconds)
    assert (appetite.most, appetite.worthwhile, appetite.prefetch) == (most, worthwhile, prefetch)


def test_nothing_is_claimed_ahead_before_runs_are_known_to_be_short() -> None:
    assert Appetite(4).most == 4


def test_runs_that_become_a_little_longer_stay_short_and_much_longer_ones_do_not() -> None:
    appetite = fed(0.04)
    for _ in range(200):
        appetite.note(0.08)
    assert appetite.ahead > 0
    for _ in range(200):
        appetite.note(0.2)
    assert appetite.ahead == 0
