"""The policy for quorum queues, as the docs have it, on a real RabbitMQ."""

import shlex
from functools import partial

import dramatiq
import pytest
from pydantic import SecretStr

from actors.worker.claiming.brokers import RabbitBroker
from actors.worker.claiming.deliveries import RabbitDeliveries
from actors.worker.claiming.messages import read_letter
from actors.worker.middleware.options import Options
from config.sections import Amqp
from tests.docs.pages import ROOT
from tests.servers.rabbitmq import RabbitNode
from tests.waiting import eventually

LIMIT = 20
"""RabbitMQ 4's own, as a policy of the lowest priority."""


def documented_policy() -> list[str]:
    text = (ROOT / "docs" / "deploying.md").read_text()
    [command] = [line for line in text.splitlines() if line.startswith("$ rabbitmqctl set_policy")]
    return shlex.split(command)[2:]


@pytest.fixture
def quorum(own_rabbitmq: RabbitNode) -> RabbitBroker:
    """With a queue that exists before any policy does."""
    broker = RabbitBroker([Options()], Amqp(url=SecretStr(own_rabbitmq.url), queue_type="quorum"))
    broker.declare_queue("default", ensure=True)
    default = f'{{"delivery-limit": {LIMIT}}}'
    own_rabbitmq.ctl("set_policy", "--apply-to", "queues", "--priority", "-1", "limit", "^", default)
    return broker


def waiting(broker: RabbitBroker, queue: str) -> int:
    return broker.channel.queue_declare(queue, passive=True).method.message_count


def test_a_message_that_is_given_back_often_stays_where_the_policy_is(
    quorum: RabbitBroker, own_rabbitmq: RabbitNode
) -> None:
    @dramatiq.actor(broker=quorum)
    def work() -> None:
        pass

    read = partial(read_letter, queue="default")
    deliveries = RabbitDeliveries(quorum.parameters, "default", read, lambda: 10, 200)

    def given_back() -> bool:
        if deliveries.wait(1):
            deliveries.give_back()
        return waiting(quorum, "default.XQ") == 1

    work.send()
    eventually(given_back, 30)  # this is what the policy is for

    own_rabbitmq.ctl(*documented_policy())
    quorum.queues_pending.add("default")
    quorum.declare_queue("default", ensure=True)  # is not refused
    work.send()
    for _ in range(3 * LIMIT):
        eventually(lambda: deliveries.wait(1))
        deliveries.give_back()
    eventually(lambda: waiting(quorum, "default") == 1)
    assert waiting(quorum, "default.XQ") == 1
    deliveries.close()
    quorum.close()
