"""The middleware of a worker, outermost first. `before` hooks run in this order, `after` hooks in reverse."""

from dramatiq import Middleware
from dramatiq.middleware import AsyncIO

from actors.worker.middleware.claim import Claim
from actors.worker.middleware.execute import Execute
from actors.worker.middleware.finish import Finish
from actors.worker.middleware.keep import Keep
from actors.worker.middleware.log_context import LogContext
from actors.worker.middleware.one_term import OneTerm
from actors.worker.middleware.options import Options
from config.settings import Settings


def make_middleware(settings: Settings) -> list[Middleware]:
    """Fresh middleware for one broker."""
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
