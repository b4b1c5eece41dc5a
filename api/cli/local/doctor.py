"""`callsheet doctor`: what keeps callsheet from working well, each with what mends it. It works on this machine, by
`DATABASE_URL` and `AMQP_URL`."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click
import sqlalchemy as sa

from api.cli.failures import FAILED, SETTINGS, Ended
from api.cli.groups import command
from api.cli.local.checks.broker import check_broker
from api.cli.local.checks.database import check_database
from api.cli.local.checks.finding import Finding, note, ok, problem
from api.cli.local.checks.modules import check_modules
from api.cli.shell import Shell
from api.cli.show import Column, show_list
from config.database import make_engine
from config.environment import PLATFORM_NAMES, PREFIX
from config.settings import Settings, SettingsError, load_settings
from models.queues import list_queues

_INDENT = " " * 9
_FINDINGS = (
    Column("CHECK", "check", whole=True),
    Column("STATE", "state", "state"),
    Column("FOUND", "found"),
    Column("MEND", "mend"),
)


@command()
@click.argument("modules", nargs=-1, metavar="[MODULE]...")
def doctor(shell: Shell, modules: tuple[str, ...]) -> None:
    """Look for what keeps callsheet from working well: settings, servers, clocks, migrations, connections, workers,
    actors, leases, partitions, queues, and what modules with actors use of Dramatiq that has no effect here. Each
    finding comes with the command that mends it.

    Looked through are actors/, the modules of the setting actors.modules, and those that are named, as they are for
    `dramatiq actors`. Exit code 1 if there is a problem, 78 if the settings are one.
    """
    try:
        settings = load_settings(os.environ, require=("database.url",))
    except SettingsError as error:
        found = [problem("settings", said, _mend_of(said)) for said in error.problems]
        _show(shell, found)
        raise Ended(SETTINGS) from None
    found = list(_look(settings, modules))
    _show(shell, found)
    if any(finding.state == "problem" for finding in found):
        raise Ended(FAILED)


def _mend_of(said: str) -> str:
    """What sets the setting that a problem begins with, or takes it away."""
    name, _, what = said.partition(": ")
    section, _, key = name.partition(".")
    variable = name if name.isupper() else f"{PREFIX}{section}__{key}".upper()
    platform = [variable for variable, place in PLATFORM_NAMES.items() if place == (section, key)]
    if what == "no such setting":
        return (
            f"unset {variable}"
            if name.isupper()
            else f"take it out of {os.environ.get('CALLSHEET_CONFIG', 'the file')}"
        )
    return f"export {platform[-1] if platform else variable}=…"


def _look(settings: Settings, modules: Sequence[str]) -> Iterator[Finding]:
    yield ok("settings", f"of {os.environ.get('CALLSHEET_CONFIG') or 'the environment and the shipped file'}")
    yield from check_database(settings)
    if settings.amqp.url is None:
        yield note("rabbitmq", "AMQP_URL is not set: only `callsheet up` does without", "export AMQP_URL=amqp://…")
    elif not settings.amqp.is_local:
        yield from check_broker(settings.amqp, _queues_of(settings))
    yield from check_modules([*settings.actors.modules, *modules])


def _queues_of(settings: Settings) -> list[str]:
    """Those that callsheet knows of; none where the database does not tell."""
    engine = make_engine(settings.database, pool_size=1, application="doctor")
    try:
        with engine.connect() as connection:
            return [row.name for row in list_queues(connection, 500)]
    except sa.exc.SQLAlchemyError:
        return []
    finally:
        engine.dispose()


def _wrapped(text: str) -> str:
    """On a terminal in lines that fit, as words are read; a command is for copying, so that stays as it is."""
    if not sys.stdout.isatty():
        return text
    room = shutil.get_terminal_size().columns
    return textwrap.fill(text, max(room, 40), initial_indent=_INDENT, subsequent_indent=_INDENT)[len(_INDENT) :]


def _show(shell: Shell, found: list[Finding]) -> None:
    """A line each; on a terminal they may be long, so below each other."""
    if shell.output != "table":
        show_list(shell, [asdict(finding) for finding in found], _FINDINGS, "check")
        return
    signs = {"ok": ("ok", "32"), "note": ("note", "33"), "problem": ("PROBLEM", "31;1")}
    for finding in found:
        word, color = signs[finding.state]
        sign = f"\033[{color}m{word:7}\033[0m" if shell.is_coloured() else f"{word:7}"
        print(f"{sign}  {_wrapped(f'{finding.check}: {finding.found}')}")
        if finding.mend:
            print(f"{_INDENT}mend: {finding.mend}")
