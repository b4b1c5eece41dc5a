"""What the end of an attempt means, as a table."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from dramatiq.errors import Retry

from actors.worker.running.clean import clean_result, clean_text
from actors.worker.running.interrupts import Cancelled, LeaseLost, Shutdown, TimeLimitExceeded
from actors.worker.running.outcome import RetryRule, fail, interrupt, succeed
from models.lifecycle.claiming import ClaimedRun
from models.words.states import Outcome, State

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CLAIM = ClaimedRun(
    id=UUID(int=7),
    actor="work",
    queue="default",
    args={},
    attempt=1,
    retries=0,
    interruptions=0,
    max_retries=0,
    min_backoff_seconds=15,
    max_backoff_seconds=3600,
    time_limit_seconds=600,
    trigger="manual",
    schedule_id=None,
    schedule_name=None,
    slot_at=None,
    previous_slot_at=None,
    next_slot_at=None,
    due_at=NOW,
    trace=None,
    timezone=None,
    checkpoint=None,
    claimed_at=NOW,
)
PATIENT = replace(CLAIM, max_retries=3)


@pytest.mark.parametrize(
    ("error", "outcome", "at_once", "patient", "counts"),
    [
        (ValueError("x"), Outcome.FAILED, State.FAILED, State.RETRYING, True),
        (SystemExit(1), Outcome.FAILED, State.FAILED, State.RETRYING, True),
        (Retry("again"), Outcome.FAILED, State.FAILED, State.RETRYING, True),
        (TimeLimitExceeded(), Outcome.TIMED_OUT, State.FAILED, State.RETRYING, True),
        (Cancelled(), Outcome.CANCELLED, State.CANCELLED, State.CANCELLED, True),
        (Shutdown(), Outcome.INTERRUPTED, State.RETRYING, State.RETRYING, False),
        (LeaseLost(), Outcome.LOST, State.FAILED, State.RETRYING, True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_an_exception_leads_to_a_state(
    error: BaseException, outcome: Outcome, at_once: State, patient: State, counts: bool
) -> None:
    end = fail(CLAIM, error, RetryRule(), NOW, NOW)
    assert (end.outcome, end.state, end.counts) == (outcome, at_once, counts)
    assert fail(PATIENT, error, RetryRule(), NOW, NOW).state is patient


def test_an_interrupt_that_an_asynchronous_actor_took_long_to_obey_is_still_one() -> None:
    error = RuntimeError("timed out while waiting for the coroutine")
    error.__cause__ = Shutdown()
    end = fail(CLAIM, error, RetryRule(), NOW, NOW)
    assert (end.outcome, end.state, end.counts) == (Outcome.INTERRUPTED, State.RETRYING, False)


def test_retries_run_out() -> None:
    assert fail(replace(PATIENT, retries=2), ValueError(), RetryRule(), NOW, NOW).state is State.RETRYING
    assert fail(replace(PATIENT, retries=3), ValueError(), RetryRule(), NOW, NOW).state is State.FAILED


def test_what_an_actor_throws_on_purpose_is_not_tried_again() -> None:
    rule = RetryRule(throws=(LookupError,))
    assert fail(PATIENT, KeyError("x"), rule, NOW, NOW).state is State.FAILED
    assert fail(PATIENT, ValueError("x"), rule, NOW, NOW).state is State.RETRYING


def test_retry_when_decides_in_place_of_the_count() -> None:
    rule = RetryRule(retry_when=lambda retries, error: isinstance(error, OSError) and retries < 9)
    assert fail(replace(CLAIM, retries=8), OSError(), rule, NOW, NOW).state is State.RETRYING
    assert fail(PATIENT, ValueError(), rule, NOW, NOW).state is State.FAILED


@pytest.mark.parametrize(("retries", "least", "most"), [(0, 15, 18.75), (1, 30, 37.5), (2, 60, 75), (20, 3600, 3600)])
def test_backoff_doubles_up_to_its_bound(retries: int, least: float, most: float) -> None:
    claim = replace(PATIENT, retries=retries, max_retries=99)
    for _ in range(50):
        assert least <= fail(claim, ValueError(), RetryRule(), NOW, NOW).delay_seconds <= most


def test_a_retry_may_name_its_delay() -> None:
    assert fail(PATIENT, Retry("later", delay=2500), RetryRule(), NOW, NOW).delay_seconds == 2.5


def test_a_run_given_back_before_it_started_uses_up_nothing() -> None:
    end = interrupt(CLAIM, "why", NOW)
    assert (end.state, end.counts, end.delay_seconds, end.started_at) == (State.RETRYING, False, 0, None)


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


class Babbling(Exception):
    def __str__(self) -> str:
        raise SystemExit("no words")


@pytest.mark.parametrize(
    "error", [Mute(), Babbling(), ValueError("nul \x00, surrogate \ud800"), ValueError("x" * 10**6)]
)
def test_whatever_an_exception_says_can_be_stored(error: Exception) -> None:
    end = fail(CLAIM, error, RetryRule(), NOW, NOW)
    text = f"{end.error_message}{end.error_traceback}"
    assert "\x00" not in text
    text.encode()
    assert len(text) < 50_000


class Strange:
    def __str__(self) -> str:
        raise RuntimeError("no words")


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ({"a": [1, "ü"]}, '{"a": [1, "\\u00fc"]}'),
        (NOW, '"2026-11-23 00:00:00+00:00"'),
        ("nul \x00 and \ud800", '"nul \\ufffd and ?"'),
        (LOOP, '{"unreadable": "list", "because": "Circular reference detected"}'),
        (float("nan"), '{"unreadable": "float"'),
        (Strange(), '{"unreadable": "Strange", "because": "no words"}'),
        ("x" * 10**6, '{"truncated": true, "bytes": 1000002, "head": "\\"xxx'),
    ],
    ids=["none", "json", "instant", "nul", "loop", "nan", "strange", "huge"],
)
def test_whatever_an_actor_returns_can_be_stored(value: Any, expected: str | None) -> None:
    text = succeed(CLAIM, value, NOW, NOW).result
    assert text is expected if expected is None else text is not None and text.startswith(expected)
    assert clean_result(value) == text


def test_a_secret_shows_nowhere(give_secret: Callable[[str, str], None]) -> None:
    give_secret("KEY", 'hunter22"\\x')
    end = fail(CLAIM, ValueError('bad key hunter22"\\x'), RetryRule(), NOW, NOW)
    assert "hunter22" not in f"{end.error_message}{end.error_traceback}"
    assert succeed(CLAIM, {"key": 'hunter22"\\x'}, NOW, NOW).result == '{"key": "[secret]"}'


def test_no_half_of_a_secret_is_left_where_text_is_cut(give_secret: Callable[[str, str], None]) -> None:
    give_secret("KEY", "0123456789" * 40)
    end = fail(CLAIM, ValueError("x" * 1900 + "0123456789" * 40 + "x" * 4000), RetryRule(), NOW, NOW)
    assert "01234" not in f"{end.error_message}{end.error_traceback}"
    assert "01234" not in str(succeed(CLAIM, "x" * 800 + "0123456789" * 40 + "x" * 10**5, NOW, NOW).result)


def test_the_middle_of_long_text_is_cut_out() -> None:
    assert clean_text("abcdef", 6) == "abcdef"
    assert clean_text("abcdefgh", 4) == "ab\n[… 4 characters dropped …]\ngh"
