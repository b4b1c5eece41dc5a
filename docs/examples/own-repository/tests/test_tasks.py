"""Run it: `python -m pytest`. It needs no server and no setting."""

from actors.testing import call
from shop.tasks import send_reminders


def test_who_owes_for_long_is_reminded() -> None:
    ended = call(send_reminders, days=14)
    assert (ended.state, ended.result, ended.output) == ("succeeded", 1, "reminded ada\n")


def test_nobody_is_reminded_too_early() -> None:
    assert call(send_reminders, days=60).result == 0
