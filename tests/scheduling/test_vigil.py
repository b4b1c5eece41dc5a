"""How long a scheduling process has looked on without a break."""

import pytest

from scheduling.vigil import Vigil


def vigil(monkeypatch: pytest.MonkeyPatch, *seconds: float, lease: float = 30) -> Vigil:
    watched = Vigil(lease)
    for second in seconds:
        monkeypatch.setattr("scheduling.vigil.uptime", lambda second=second: second)
        watched.note()
    return watched


@pytest.mark.parametrize(
    ("seconds", "is_long_enough"),
    [
        ((), False),
        ((100,), False),
        (range(100, 130), False),
        (range(100, 131), True),
        ((*range(100, 131), 146), False),  # a break of 16 s: nobody could renew meanwhile
        ((*range(100, 131), 145), True),
        ((*range(100, 131), *range(146, 177)), True),
    ],
    ids=str,
)
def test_whoever_lives_has_the_time_of_a_lease_to_renew(
    monkeypatch: pytest.MonkeyPatch, seconds: range, is_long_enough: bool
) -> None:
    assert vigil(monkeypatch, *seconds).is_long_enough() is is_long_enough


def test_with_a_short_lease_a_shorter_break_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not vigil(monkeypatch, *range(100, 105), 109, lease=4).is_long_enough()
