"""Which states must be noted for channels."""

import pytest

from models.notices.needs import needed_states
from models.words.notices import NoticeKind
from tests.scheduling.notices.test_rules import channel


@pytest.mark.parametrize(
    ("events", "states"),
    [
        (("failed",), {"failed", "succeeded"}),
        (("late",), {"failed", "running"}),
        (("missed",), {"failed", "skipped"}),
        (("stalled",), {"failed"}),
        (tuple(NoticeKind), {"failed", "succeeded", "running", "skipped"}),
    ],
)
def test_a_channel_needs_what_tells_of_its_events(events: tuple[str, ...], states: set[str]) -> None:
    assert needed_states([channel(*events)]) == states


def test_without_channels_nothing_is_needed() -> None:
    assert needed_states([]) == set()
