"""References in arguments: secrets and fields of the run."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.worker.contracts.contract import Contract
from actors.worker.running.current import CurrentRun, SecretNotAllowed
from actors.worker.running.references import (
    NoSuchField,
    NoValue,
    SecretMissing,
    fill_in,
    fill_in_call,
)
from tests.actors.conftest import RUN_ID


def test_secrets_are_filled_in_wherever_they_stand(run: CurrentRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_SECRET_TOKEN", "hunter22")
    arguments = {
        "headers": {"Authorization": "Bearer ${secret:TOKEN}"},
        "list": ["${secret:TOKEN}", 1],
        "plain": "$HOME",
    }
    assert fill_in(arguments, run) == {
        "headers": {"Authorization": "Bearer hunter22"},
        "list": ["hunter22", 1],
        "plain": "$HOME",
    }


def test_a_missing_secret_is_named_and_no_other_variable_can_be_reached(
    run: CurrentRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "hidden")
    with pytest.raises(SecretMissing, match="CALLSHEET_SECRET_DATABASE_URL"):
        fill_in("${secret:DATABASE_URL}", run)


@pytest.mark.parametrize(
    ("rules", "actor", "reach"),
    [
        (["sync_*"], "sync_crm", {}),
        (["http_request https://crm.example.com/*"], "http_request", {"TOKEN": ("https://crm.example.com/*",)}),
        (["http_request https://crm.example.com/*", "*"], "http_request", {}),
        (
            ["sync_*", "http_* https://a/*", "http_request http://b/c"],
            "http_request",
            {"TOKEN": ("https://a/*", "http://b/c")},
        ),
    ],
)
def test_who_may_use_a_secret_has_it(
    new_run: Callable[..., CurrentRun], keep_secrets: Any, give_secret: Any, rules: list[str], actor: str, reach: Any
) -> None:
    give_secret("TOKEN", "hunter22")
    keep_secrets({"TOKEN": rules})
    run = new_run(actor=actor)
    assert fill_in({"a": ["Bearer ${secret:TOKEN}"]}, run) == {"a": ["Bearer hunter22"]}
    assert run.reach == reach


@pytest.mark.parametrize(
    ("rules", "actor"),
    [
        (["sync_*"], "http_request"),
        (["sync"], "sync_crm"),
        (["Sync_*"], "sync_crm"),
        (["http_* https://crm.example.com/*"], "http_get"),  # nobody would look at its URLs
        ([], "sync_crm"),
    ],
)
def test_a_secret_is_kept_from_whom_the_settings_do_not_name(
    new_run: Callable[..., CurrentRun], keep_secrets: Any, give_secret: Any, rules: list[str], actor: str
) -> None:
    give_secret("TOKEN", "hunter22")
    give_secret("OTHER", "hunter33")
    keep_secrets({"TOKEN": rules})
    with pytest.raises(SecretNotAllowed, match=f"the actor {actor} may not use the secret TOKEN") as refused:
        fill_in({"a": ["${secret:OTHER} ${secret:TOKEN}"]}, new_run(actor=actor))
    assert "hunter" not in str(refused.value)
    assert fill_in("${secret:OTHER}", new_run(actor=actor)) == "hunter33"


def test_fields_of_the_run_are_filled_in(run: CurrentRun) -> None:
    url = "https://example.com/${run:schedule}?from=${run:previous_slot_at}&to=${run:slot_at}&try=${run:attempt}"
    assert fill_in(url, run) == ("https://example.com/nightly?from=2026-02-28T06:30:00Z&to=2026-03-01T06:30:00Z&try=2")
    assert fill_in("${run:id} ${run:trigger} ${run:actor}", run) == f"{RUN_ID} schedule any"


@pytest.mark.parametrize("text", ["${run:slot_at}", "from ${run:slot_at} on"])
def test_what_a_run_does_not_have_is_no_empty_text(new_run: Callable[..., CurrentRun], text: str) -> None:
    """A job would load from the beginning of time, and succeed."""
    with pytest.raises(NoValue, match="no slot_at"):
        fill_in([text], new_run(slot_at=None))


def test_what_a_run_does_not_have_is_none_where_its_parameter_may_be(new_run: Callable[..., CurrentRun]) -> None:
    def load(start: str | None, end: str | None, page: Any = None, size: int = 0) -> None:
        pass

    nullable = Contract(load).nullable
    assert nullable == {"start", "end", "page"}
    run, absent = new_run(slot_at=None), "${run:slot_at}"
    kwargs = {"start": absent, "end": absent, "page": absent, "size": "${run:attempt}"}
    assert fill_in_call([], kwargs, run, nullable) == ((), dict.fromkeys(("start", "end", "page")) | {"size": "2"})
    with pytest.raises(NoValue):
        fill_in_call([], {"size": absent}, run, nullable)
    with pytest.raises(NoValue):
        fill_in_call([], {"start": f"from {absent}"}, run, nullable)


def test_parameters_whose_hints_cannot_be_read_may_be_none_by_their_default() -> None:
    def load(start: "Unknown", end: "Unknown" = None) -> None:  # type: ignore[name-defined]  # noqa: F821
        pass

    assert Contract(load).nullable == {"end"}


def test_of_a_function_that_is_not_pythons_nothing_is_known() -> None:
    assert Contract(max).nullable == frozenset()


def test_a_field_that_no_run_has_is_named(run: CurrentRun) -> None:
    with pytest.raises(NoSuchField, match="slot_att"):
        fill_in("${run:slot_att}", run)
