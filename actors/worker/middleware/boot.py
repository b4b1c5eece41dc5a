"""Boot: a process becomes a worker, together with what the modules of its users bring."""

from functools import partial

import structlog
from dramatiq import Broker, Middleware, Worker

from actors.worker.booting.boot import become_worker
from actors.worker.booting.other_brokers import exit_if_unserved, global_broker
from actors.worker.claiming.threads import take_the_straight_path
from actors.worker.keeping.process import must_wait

log = structlog.get_logger("worker")


class Boot(Middleware):
    """Makes this process a worker. Until then it only has a broker, and the actors that it imported itself.

    Users' modules are imported in its hook, or after it. To Dramatiq, which imports the first of them before all hooks,
    they could be what they like: what they add hears of the process too, and what they replace is noticed.
    """

    def __init__(self) -> None:
        self._told: list[Middleware] = []
        self._global: Broker | None = None

    def after_process_boot(self, broker: Broker) -> None:
        """Import what has not been imported."""
        self._told, self._global = [*broker.middleware], global_broker()
        become_worker(partial(must_wait, broker))
        take_the_straight_path()

    def before_worker_boot(self, broker: Broker, worker: Worker) -> None:
        """All modules are there. Exits where the actors of one would not be served."""
        if not self._told:
            return
        if (other := global_broker()) is not None and other not in (broker, self._global):
            exit_if_unserved(broker, other)
        for middleware in reversed([each for each in broker.middleware if each not in self._told]):
            try:
                middleware.after_process_boot(broker)
            except Exception:
                log.exception("after_process_boot", middleware=repr(middleware))
