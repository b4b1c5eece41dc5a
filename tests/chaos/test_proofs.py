"""What the proofs leave out of the evidence, and which release they start from."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from tests.chaos.dumps import Dump
from tests.chaos.evidence import Evidence
from tests.chaos.ledger import Event
from tests.chaos.proofs_restore import without_lost_time
from tests.chaos.releases import VARIABLE, find_revision

RUN = UUID(int=1)
DUMPED = datetime(2026, 3, 1, 12, tzinfo=UTC)
GONE = DUMPED + timedelta(hours=1)


def at(*minutes: int) -> Sequence[Event]:
    """Starts so long after the dump."""
    return [Event(RUN, 1, "start", None, 100, DUMPED + timedelta(minutes=minute)) for minute in minutes]


def kept(starts: Sequence[Event], known: dict[UUID, int], cancelled: dict[UUID, datetime] | None = None) -> Evidence:
    evidence = Evidence({}, {(RUN, 1): list(starts)}, {}, cancelled or {}, [], [])
    return without_lost_time(evidence, Dump(Path(), known), DUMPED, GONE)


def test_an_attempt_that_the_dump_does_not_know_may_start_once_more() -> None:
    assert kept(at(30, 90), {RUN: 0}).starts == {(RUN, 1): at(90)}
    assert kept(at(30), {}).starts == {}


def test_an_attempt_that_the_dump_knows_may_not() -> None:
    assert kept(at(-1, 90), {RUN: 1}).starts == {(RUN, 1): at(-1, 90)}


@pytest.mark.parametrize(("minute", "holds"), [(-1, True), (30, False), (90, True)])
def test_a_cancel_of_the_lost_time_is_lost(minute: int, holds: bool) -> None:
    cancelled = {RUN: DUMPED + timedelta(minutes=minute)}
    assert kept([], {}, cancelled).cancelled == (cancelled if holds else {})


def test_another_release_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "v0.1.0")
    assert find_revision() == "v0.1.0"
