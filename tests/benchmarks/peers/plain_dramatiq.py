"""Plain Dramatiq on RabbitMQ, with its default middleware and the benchmarks' actors."""

import os
from importlib import import_module

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker

broker = RabbitmqBroker(url=os.environ["AMQP_URL"])
dramatiq.set_broker(broker)
import_module("tests.benchmarks.workload")
