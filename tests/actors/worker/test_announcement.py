"""What a worker announces of an actor."""

from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from periodiq import cron

from actors.worker.keeping.announcement import describe_actor, parameters_schema
from actors.worker.middleware.options import Options


@pytest.fixture
def broker() -> StubBroker:
    return StubBroker(middleware=[Options()])


def test_parameters_come_from_the_type_hints_and_the_doc_from_the_docstring(broker: StubBroker) -> None:
    @dramatiq.actor(broker=broker)
    def send(to: str, copies: int = 1, note: str | None = None) -> None:
        """Send it."""

    announced = describe_actor(send)
    assert announced.doc == "Send it."
    assert announced.parameters["required"] == ["to"]
    assert announced.parameters["properties"]["copies"] == {"default": 1, "title": "Copies", "type": "integer"}
    assert announced.parameters["additionalProperties"] is False
    assert announced.options == {}


def test_options_are_announced_in_seconds(broker: StubBroker) -> None:
    @dramatiq.actor(broker=broker, queue_name="slow", max_retries=0, min_backoff=1500, time_limit=60_000)
    def work() -> None:
        pass

    announced = describe_actor(work)
    assert announced.queue == "slow"
    assert announced.options == {"max_retries": 0, "min_backoff_seconds": 1.5, "time_limit_seconds": 60}


def test_an_actor_whose_hints_cannot_be_read_takes_any_object(broker: StubBroker) -> None:
    @dramatiq.actor(broker=broker)
    def strange(thing: "Unknown") -> None:  # type: ignore[name-defined]  # noqa: F821
        pass

    assert parameters_schema(strange) == {"type": "object"}


@pytest.mark.parametrize("periodic", [cron("30 2 * * mon"), "30 2 * * mon", ["30 2 * * mon"]])
def test_a_periodic_actor_brings_a_schedule(broker: StubBroker, periodic: Any) -> None:
    @dramatiq.actor(broker=broker, periodic=periodic, schedule={"timezone": "Europe/Berlin", "overlap": "allow"})
    def nightly() -> None:
        pass

    declared = describe_actor(nightly).options["schedule"]
    assert (declared["name"], declared["cron"]) == ("nightly", ["30 2 * * mon"])
    assert (declared["timezone"], declared["overlap"], declared["catchup"]) == ("Europe/Berlin", "allow", "latest")


@pytest.mark.parametrize(
    "policies",
    [
        {"overlap": "never"},
        {"nonsense": 1},
        {"cron": "* * * * *"},
        {"actor": "other"},
        {"description": "a NUL: \0"},
        {"description": "half a pair: \ud800"},
        {"args": {"when": object()}},
        {"args": {"much": "x" * 70_000}},
        {"start_deadline_seconds": 1e12},
        {"jitter_seconds": 1e13},
        {"catchup_window_seconds": float("nan")},
        {"max_runs": 2**31},
    ],
)
def test_a_declaration_that_cannot_be_read_says_so(broker: StubBroker, policies: dict[str, Any]) -> None:
    @dramatiq.actor(broker=broker, periodic="0 0 * * *", schedule=policies)
    def nightly() -> None:
        pass

    declared = describe_actor(nightly).options["schedule"]
    assert set(declared) == {"name", "refused"}
    assert declared["name"] == "nightly"
    assert next(iter(policies)) in declared["refused"]
