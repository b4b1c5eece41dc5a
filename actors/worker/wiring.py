"""What a worker is made of: its broker with the middleware, and the actors it can find."""

import pkgutil
from importlib import import_module

from dramatiq import Broker, Middleware
from dramatiq.middleware import AsyncIO

import actors
from actors.worker.claiming.brokers import LocalBroker, RabbitBroker
from actors.worker.middleware.claim import Claim
from actors.worker.middleware.execute import Execute
from actors.worker.middleware.finish import Finish
from actors.worker.middleware.keep import Keep
from actors.worker.middleware.log_context import LogContext
from actors.worker.middleware.one_term import OneTerm
from actors.worker.middleware.options import Options
from config.settings import Settings


def make_broker(settings: Settings) -> Broker:
    """RabbitMQ, or queues inside this process where the settings say so. Connects to nothing yet."""
    middleware = make_middleware(settings)
    return LocalBroker(middleware) if settings.amqp.is_local else RabbitBroker(settings.amqp, middleware)


def import_actors(settings: Settings) -> None:
    """Import what declares actors: every file of `actors/`, and the modules named in the settings."""
    for module in pkgutil.iter_modules(actors.__path__, "actors."):
        if not module.ispkg:
            import_module(module.name)
    for name in settings.actors.modules:
        import_module(name)


def make_middleware(settings: Settings) -> list[Middleware]:
    """The middleware of a worker, outermost first: `before` hooks run in this order, `after` hooks in reverse."""
    return [
        OneTerm(),  # before anything can be stopped
        Keep(settings),  # everything below needs its worker process; it is the last to end
        Options(),
        AsyncIO(),  # before Execute wraps the actor: an async function is wrapped as the plain one it becomes
        Claim(),  # before whatever may assume that the run is ours
        LogContext(),  # around Finish, so that its line names the run
        Finish(),  # after Execute has left the run: nothing can interrupt the decision
        Execute(settings.worker.output_bytes),  # innermost: nothing of ours between it and the actor
    ]
