"""Boot: what makes a process a worker. Until then it only has a broker, and the actors that it imported itself."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import structlog
from dramatiq import Broker, Middleware

from actors.worker.keeping.joining import wait_as_long_as_told
from actors.worker.running.log_capture import capture_logs
from config.logging import configure_logging
from config.settings import Settings, settings_or_exit

EXIT_IMPORT = 2
"""Dramatiq's own exit code for a module that can't be imported."""

_ACTORS = str(Path(__file__).parents[2])

log = structlog.get_logger("worker")


class Boot(Middleware):
    """Reads the settings, configures the log, and imports what declares actors, once in each worker process.

    Dramatiq swallows exceptions of hooks, so what must not be outlived exits.
    """

    def after_process_boot(self, broker: Broker) -> None:
        """Become a worker. Exits with code 78 for settings with problems, and 2 where an import fails."""
        settings = settings_or_exit("database.url", "amqp.url")
        configure_logging(settings.log)
        capture_logs()
        wait_as_long_as_told()
        for name in _modules(settings):
            _import_or_exit(name)


def _modules(settings: Settings) -> Iterator[str]:
    """Every file of `actors/`, and the modules named in the settings."""
    yield from (module.name for module in pkgutil.iter_modules([_ACTORS], "actors.") if not module.ispkg)
    yield from settings.actors.modules


def _import_or_exit(name: str) -> None:
    try:
        import_module(name)
    except Exception:
        log.exception("import", module=name)
        raise SystemExit(EXIT_IMPORT) from None
