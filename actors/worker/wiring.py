"""What a worker is made of: its broker with the middleware, and the actors it can find."""

import pkgutil
from importlib import import_module

from dramatiq import Broker

import actors
from actors.worker.claiming.brokers import LocalBroker, RabbitBroker
from actors.worker.middleware import make_middleware
from config.settings import Settings


def make_broker(settings: Settings) -> Broker:
    """RabbitMQ, or queues inside this process where the settings say so. Connects to nothing yet."""
    middleware = make_middleware(settings)
    return LocalBroker(middleware) if settings.amqp.is_local else RabbitBroker(settings.amqp, middleware)


def import_actors(settings: Settings) -> None:
    """Import what declares actors: every file of this package, and the modules named in the settings."""
    for module in pkgutil.iter_modules(actors.__path__, "actors."):
        import_module(module.name)
    for name in settings.actors.modules:
        import_module(name)
