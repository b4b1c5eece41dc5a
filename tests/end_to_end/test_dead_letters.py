"""Messages that can't be read, in a whole deployment: none is lost, and people are told."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from tests.end_to_end.deployment import Deployment
from tests.servers.rabbitmq import RabbitNode
from tests.waiting import eventually


def ready(channel: BlockingChannel, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.message_count)


@pytest.mark.parametrize(("dies", "letters"), [("before", 1), ("after", 2)])
def test_a_message_whose_worker_was_killed_while_it_was_laid_aside_is_not_lost(
    tmp_path: Path, database_url: str, amqp_url: str, dies: str, letters: int
) -> None:
    settings = {
        "CALLSHEET_ACTORS__MODULES": '["tests.end_to_end.dying_actors"]',
        "DIED": str(tmp_path / "died"),
        "DIES": dies,
    }
    with (
        Deployment(tmp_path, database_url, amqp_url, settings) as deployment,
        pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection,
    ):
        deployment.start("web", "scheduling", "worker").ready()
        channel = connection.channel()
        channel.basic_publish("", "default", b"no message")
        assert deployment.exited("worker") != 0
        deployment.start("worker")
        eventually(lambda: ready(channel, "default.XQ") == letters, 30)
        _, properties, body = channel.basic_get("default.XQ")
        assert properties is not None
        assert properties.headers is not None
        assert (body, properties.headers["callsheet-reason"].partition(":")[0]) == (b"no message", "not_json")

        deployment.create("after", actor="log_message", args={"message": "on it goes"})
        assert deployment.finished(deployment.trigger("after"))["state"] == "succeeded"
        assert ready(channel, "default") == 0
        channel.basic_publish("", "default", b"another")  # which is told at once
        told = eventually(
            lambda: deployment.api.get("/v1/queues/default/dead-letters").json()["latest"][1:], 10, "it is told"
        )
        assert [each["reason"] for each in told] == ["not_json"]
        connection.close()  # what it has taken is there again

    with pika.BlockingConnection(pika.URLParameters(amqp_url)) as connection:
        eventually(lambda: ready(connection.channel(), "default.XQ") == letters + 1)


@contextmanager
def connected(node: RabbitNode) -> Iterator[BlockingChannel]:
    with pika.BlockingConnection(pika.URLParameters(node.url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel


def letters(node: RabbitNode) -> set[bytes]:
    """Those that are laid aside, which stay there."""
    with connected(node) as channel:
        return {body for _, _, body in iter(lambda: channel.basic_get("default.XQ"), (None, None, None)) if body}


def test_of_many_none_is_lost_while_workers_and_the_broker_are_killed(
    tmp_path: Path, database_url: str, own_rabbitmq: RabbitNode
) -> None:
    sent: set[bytes] = set()
    with Deployment(tmp_path, database_url, own_rabbitmq.url) as deployment:
        deployment.start("web", "scheduling", "worker", "worker.2").ready()
        for killed in ("worker", "broker", "worker.2", "worker"):
            bodies = [b"letter %d" % number for number in range(len(sent), len(sent) + 150)]
            with connected(own_rabbitmq) as channel:
                for body in bodies:
                    channel.basic_publish("", "default", body, pika.BasicProperties(delivery_mode=2), mandatory=True)
            sent |= {*bodies}
            if killed == "broker":
                own_rabbitmq.kill()
                own_rabbitmq.start()
            else:
                deployment.kill(killed)
                deployment.start(killed)
        eventually(lambda: letters(own_rabbitmq) == sent, 90)
        with connected(own_rabbitmq) as channel:
            assert ready(channel, "default") == 0
        told = eventually(lambda: deployment.api.get("/v1/queues").json()["items"][0]["dead_letters"], 30)
        assert told > 0
