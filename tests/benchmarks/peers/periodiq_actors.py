"""Many actors that periodiq sends at one minute: `periodiq tests.benchmarks.peers.periodiq_actors`."""

import os

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from periodiq import PeriodiqMiddleware, cron

broker = RabbitmqBroker(url=os.environ["AMQP_URL"])
broker.add_middleware(PeriodiqMiddleware())
dramatiq.set_broker(broker)


def noop() -> None:
    """Do nothing."""


for number in range(int(os.environ["BENCHMARK_SCHEDULES"])):
    dramatiq.actor(
        noop, actor_name=f"noop_{number}", periodic=cron(f"{os.environ['BENCHMARK_MINUTE']} * * * *"), broker=broker
    )
