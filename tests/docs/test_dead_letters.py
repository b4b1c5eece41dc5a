"""What the docs do with dead letters, by RabbitMQ's own tools, on a real RabbitMQ."""

import re
import shlex

import pika

from actors.worker.claiming.dead_letters import AT, QUEUE, REASON, WORKER
from config.broker import queue_arguments
from config.sections import Amqp
from models.words.refusals import Unfit
from tests.docs.pages import ROOT, rows_of
from tests.servers.rabbitmq import RabbitNode
from tests.waiting import eventually


def section() -> str:
    text = (ROOT / "docs" / "operations.md").read_text()
    return text.partition("\n## Dead letters\n")[2].partition("\n## ")[0]


def test_every_header_and_every_reason_is_documented() -> None:
    words = {match[1] for row in rows_of(section()) if (match := re.fullmatch("`(.+)`", row[0]))}
    assert words == {REASON, AT, QUEUE, WORKER, *Unfit}


def test_they_are_dropped_and_sent_again_by_rabbitmqs_own_tools(own_rabbitmq: RabbitNode) -> None:
    purge, enable, move = (shlex.split(line[2:]) for line in section().splitlines() if line.startswith("$ rabbitmq"))
    connection = pika.BlockingConnection(pika.URLParameters(own_rabbitmq.url))
    channel = connection.channel()
    channel.queue_declare("default", durable=True, arguments=queue_arguments(Amqp(), "default"))
    channel.queue_declare("default.XQ", durable=True)

    def ready(queue: str) -> int:
        return int(channel.queue_declare(queue, passive=True).method.message_count)

    def lay_aside() -> None:
        for _ in range(3):
            channel.basic_publish("", "default.XQ", b"no message")
        eventually(lambda: ready("default.XQ") == 3)

    lay_aside()
    own_rabbitmq.tool(*purge)
    assert ready("default.XQ") == 0

    lay_aside()
    own_rabbitmq.tool(*enable)
    own_rabbitmq.tool(*move)
    eventually(lambda: (ready("default"), ready("default.XQ")) == (3, 0), 30)
    connection.close()
