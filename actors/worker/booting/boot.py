"""Boot: what makes a process a worker. Until then it only has a broker, and the actors that it imported itself."""

import os
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import structlog

from actors.worker.keeping.joining import wait_as_long_as_told
from actors.worker.running.forks import disown_children
from actors.worker.running.log_capture import capture_logs
from config.credentials import hide_process
from config.environment import drop_setting
from config.logging import configure_logging
from config.settings import Settings, settings_or_exit

EXIT_IMPORT = 2
"""Dramatiq's own exit code for a module that can't be imported."""

_ACTORS = str(Path(__file__).parents[2])
_FACES = ("actors.context", "actors.testing")

log = structlog.get_logger("worker")


def become_worker(must_wait: Callable[[], bool]) -> None:
    """Read the settings, configure the log, and import what declares actors. Exits with code 78 for settings with
    problems, and 2 where an import fails: exceptions of hooks are swallowed by Dramatiq.

    A worker that stops waits for its threads as long as `must_wait` says so, however long that is.
    """
    settings = settings_or_exit("database.url", "amqp.url")
    hide_process()
    drop_setting(os.environ, "http", "admin_token")  # not a worker's business, and what it starts would inherit it
    configure_logging(settings.log)
    capture_logs()
    wait_as_long_as_told(must_wait)
    disown_children()
    for name in _modules(settings):
        _import_or_exit(name)


def _modules(settings: Settings) -> Iterator[str]:
    """Every file of `actors/`, and the modules named in the settings."""
    found = (module.name for module in pkgutil.iter_modules([_ACTORS], "actors.") if not module.ispkg)
    yield from (name for name in found if name not in _FACES)
    yield from settings.actors.modules


def _import_or_exit(name: str) -> None:
    try:
        import_module(name)
    except Exception:
        log.exception("import", module=name)
        raise SystemExit(EXIT_IMPORT) from None
