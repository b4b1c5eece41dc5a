"""References in arguments: secrets and fields of the run."""

from collections.abc import Callable

import pytest

from actors.worker.running.current import CurrentRun
from actors.worker.running.references import NoSuchField, SecretMissing, fill_in
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


def test_fields_of_the_run_are_filled_in(run: CurrentRun) -> None:
    url = "https://example.com/${run:schedule}?from=${run:previous_slot_at}&to=${run:slot_at}&try=${run:attempt}"
    assert fill_in(url, run) == ("https://example.com/nightly?from=2026-02-28T06:30:00Z&to=2026-03-01T06:30:00Z&try=2")
    assert fill_in("${run:id} ${run:trigger} ${run:actor}", run) == f"{RUN_ID} schedule any"


def test_what_a_run_does_not_have_is_empty(new_run: Callable[..., CurrentRun]) -> None:
    assert fill_in("[${run:slot_at}][${run:next_slot_at}]", new_run(slot_at=None)) == "[][]"


def test_a_field_that_no_run_has_is_named(run: CurrentRun) -> None:
    with pytest.raises(NoSuchField, match="slot_att"):
        fill_in("${run:slot_att}", run)
