"""Commands that are a process of callsheet each: web, scheduling, worker. They are what a Procfile or a unit starts."""

import os
import sys
from collections.abc import Callable
from itertools import takewhile

import click

from api.cli.entry.callsheet.names import NAMES
from api.cli.local.modules import look_in

WORDS = "[MODULE]... [-- OPTION OF DRAMATIQ...]"


@click.command()
def web() -> None:
    """Serve the API on PORT, until TERM. Any number of them may run."""
    from api.__main__ import main

    _run(main)


@click.command()
def scheduling() -> None:
    """Plan and publish, until TERM. Any number of them may run."""
    from scheduling.__main__ import main

    _run(main)


@click.command(options_metavar="[--without NAME]...")
@click.option("--without", multiple=True, type=click.Choice(NAMES), help="Do without your module of this name.")
@click.argument("words", nargs=-1, metavar=WORDS)
def worker(without: tuple[str, ...], words: tuple[str, ...]) -> None:
    """Run actors, until TERM: those that ship, and those of your modules, which are looked for from here.

    What follows -- is as for the command `dramatiq`, such as `-- --processes 4 --queues default`. There are 2 processes
    of 8 threads unless it says otherwise.
    """
    from dramatiq.cli import main, make_argument_parser

    from config.credentials import hide_process
    from config.settings import settings_or_exit

    settings = settings_or_exit("database.url", "amqp.url")
    modules = list(takewhile(lambda word: not word.startswith("-"), words))
    options = _default_options(settings.worker.stop_seconds)
    args = make_argument_parser().parse_args(["actors", *modules, *options, *words[len(modules) :]])
    if args.modules or settings.actors.modules:
        look_in([os.path.abspath(folder) for folder in args.path], without)
    args.path = ()
    sys.argv = [sys.executable, *sys.orig_argv[1:]]  # what Dramatiq starts itself anew by, on a HUP
    hide_process()
    sys.exit(main(args))


def _run(main: Callable[[], None]) -> None:
    """Whoever reads the log of a process wants the traceback, not the sentence that somebody who types gets."""
    import structlog

    log = structlog.get_logger("callsheet")
    try:
        main()
    except Exception:
        log.exception("crash")
        raise SystemExit(1) from None


def _default_options(stop_seconds: float) -> list[str]:
    patience = f"--worker-shutdown-timeout={int(stop_seconds * 1000)}"
    return ["--processes=2", "--threads=8", patience, "--worker-fork-timeout=3000", "--skip-logging"]
