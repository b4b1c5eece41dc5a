"""What doctor says of code that uses what of Dramatiq has no effect here, held to what the broker does."""

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AgeLimit, Callbacks, Pipelines, Retries, ShutdownNotifications, TimeLimit
from dramatiq.results import Results

from actors.worker.claiming.messages import UNSERVED
from actors.worker.wiring import make_broker
from api.cli.local.checks.dramatiq_uses import MESSAGES, OPTIONS, uses_in
from config.settings import load_settings

MODULE = """
import dramatiq as d
from dramatiq import GenericActor, actor, pipeline
from dramatiq.middleware import CurrentMessage, Retries
from dramatiq.brokers.rabbitmq import RabbitmqBroker
import periodiq

d.set_broker(RabbitmqBroker(url="amqp://"))
d.get_broker().add_middleware(Retries())
d.get_broker().add_middleware(periodiq.PeriodiqMiddleware())

@d.actor(max_age=60_000, max_retries=3,
         store_results=True)
def one(): ...

class Two(GenericActor):
    class Meta:
        queue_name = "two"
        on_failure = "one"

def sends():
    one.send_with_options(args=(), on_success="two", delay=3)
    pipeline([one.message(), one.message()]).run()
    one.message().get_result(block=True)
    CurrentMessage.get_current_message()
"""
WITH_RESULTS = """
import dramatiq
from dramatiq.results import Results

dramatiq.get_broker().add_middleware(Results(backend=1))

@dramatiq.actor(store_results=True)
def a(): ...

a.message().get_result()
"""


def test_each_use_is_said_with_its_line_and_what_to_do() -> None:
    found = [(use.line, use.what.partition(":")[0].removeprefix("the "), use.is_refused) for use in uses_in(MODULE)]
    assert found == [
        (8, "set_broker()", True),
        (9, "middleware Retries has nothing to do here", False),
        (10, "middleware PeriodiqMiddleware has nothing to do here", False),
        (12, "option max_age is unknown here", True),
        (13, "option store_results is unknown here", True),
        (19, "option on_failure is unknown here", True),
        (22, "a message with on_success is refused", True),
        (23, "pipeline()", True),
        (24, "get_result() finds nothing without Dramatiq's Results", False),
        (25, "CurrentMessage.get_current_message() is None, as nobody has added that middleware", False),
    ]
    assert all(use.mend for use in uses_in(MODULE))


@pytest.mark.parametrize(
    "code",
    [
        "import dramatiq\n@dramatiq.actor(max_retries=3, time_limit=1, throws=ValueError)\ndef a(): ...",
        "from mine import actor\n@actor(max_age=1)\ndef a(): ...",
        WITH_RESULTS,
        "def set_broker(x): ...\nset_broker(1)",
        "import dramatiq\ndramatiq.group([]).run()",
        "",
    ],
)
def test_what_has_its_effect_is_not_mentioned(code: str) -> None:
    assert uses_in(code) == []


@pytest.mark.parametrize("option", [option for option in OPTIONS if option != "broker_priority"])
def test_the_broker_refuses_the_options_that_are_said_to_be_refused(option: str) -> None:
    broker = make_broker(load_settings({"AMQP_URL": "local://"}))
    with pytest.raises(ValueError, match=option):
        dramatiq.actor(lambda: None, broker=broker, actor_name="a", **{option: 1})


def test_every_option_of_dramatiqs_middleware_is_known_here_or_to_doctor() -> None:
    theirs = StubBroker(
        middleware=[AgeLimit(), Callbacks(), Pipelines(), Retries(), ShutdownNotifications(), TimeLimit()]
    )
    theirs.add_middleware(Results(backend=None))
    ours = make_broker(load_settings({"AMQP_URL": "local://"}))
    assert theirs.actor_options - ours.actor_options <= {*OPTIONS}
    assert not ours.actor_options & {*OPTIONS}
    assert {*MESSAGES} == UNSERVED
