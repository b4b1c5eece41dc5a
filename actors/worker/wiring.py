"""What a worker is made of: its broker, and the middleware around its actors."""

from dramatiq import Broker, Middleware
from dramatiq.middleware import AsyncIO

from actors.worker.claiming.brokers import LocalBroker, RabbitBroker
from actors.worker.middleware.boot import Boot
from actors.worker.middleware.claim import Claim
from actors.worker.middleware.drain import Drain
from actors.worker.middleware.execute import Execute
from actors.worker.middleware.finish import Finish
from actors.worker.middleware.keep import Keep
from actors.worker.middleware.log_context import LogContext
from actors.worker.middleware.one_term import OneTerm
from actors.worker.middleware.options import Options
from actors.worker.middleware.trace import Trace
from config.settings import Settings
from config.telemetry.switch import is_wanted


def make_broker(settings: Settings | None = None) -> Broker:
    """RabbitMQ, or queues inside this process where these settings say so. Connects to nothing yet.

    Without settings it is RabbitMQ, as the settings of the process say once they are needed.
    """
    if settings is None:
        return RabbitBroker(make_middleware())
    return LocalBroker(make_middleware()) if settings.amqp.is_local else RabbitBroker(make_middleware(), settings.amqp)


def make_middleware() -> list[Middleware]:
    """The middleware of a worker, outermost first: `before` hooks run in this order, `after` hooks in reverse."""
    return [
        Boot(),  # users' middleware hears of the process before anybody hears of its worker
        OneTerm(),  # before anything can be stopped
        Keep(),  # everything below needs its worker process; it is the last to end
        Drain(),
        Options(),
        AsyncIO(),  # its loop is there for all actors, and ends after their last
        Claim(),  # before whatever may assume that the run is ours
        LogContext(),  # around Finish, so that its line names the run
        *([Trace()] if is_wanted() else []),  # likewise: its span says what Finish has decided
        Finish(),  # after Execute has left the run: nothing can interrupt the decision
        Execute(),  # innermost: nothing of ours between it and the actor
    ]
