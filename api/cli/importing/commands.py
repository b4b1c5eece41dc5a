"""`callsheet import`: files from what other schedulers have, with a report. Nothing is changed anywhere."""

import importlib
import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from api.cli.failures import USAGE, Failure
from api.cli.files.writing import write_file
from api.cli.groups import command
from api.cli.importing.apscheduler import read_jobs
from api.cli.importing.beat import read_beat
from api.cli.importing.crontab import read_crontab
from api.cli.importing.found import Found
from api.cli.importing.k8s import read_cronjobs
from api.cli.importing.periodiq import read_actors
from api.cli.importing.report import write_report
from api.cli.shell import Shell
from api.cli.show import printable
from scheduling.cron.zones import load_zone

F = TypeVar("F", bound=Callable[..., Any])

_SYSTEM = re.compile(r".*/etc/(crontab|cron\.d/[^/]+)")


def _common(function: F) -> F:
    function = click.option("--source", default="imported", show_default=True, help="The source of the file.")(function)
    function = click.option("--report", type=click.Path(), help="Where the report goes, in place of stderr.")(function)
    return click.option("--timezone", "--tz", metavar="ZONE", help="Of the old scheduler, where it names none.")(
        function
    )


_file = click.argument("file", type=click.Path(allow_dash=True))


@command("crontab")
@_file
@click.option("--system/--user", "is_system", default=None, help="With a sixth field, the user; by default in /etc.")
@_common
def from_crontab(shell: Shell, file: str, is_system: bool | None, **how: str | None) -> None:
    """Print a crontab as a file of schedules; `-` is stdin: crontab -l | callsheet import crontab -"""
    if is_system is None:
        is_system = _SYSTEM.fullmatch(str(Path(file).absolute())) is not None
    _print(shell, read_crontab(_read(file), _zone(how), is_system=is_system), how)


@command("k8s")
@_file
@_common
def from_k8s(shell: Shell, file: str, **how: str | None) -> None:
    """Print CronJobs as a file of schedules: kubectl get cronjobs -o yaml | callsheet import k8s -"""
    try:
        documents = list(YAML(typ="safe", pure=True).load_all(_read(file)))
    except YAMLError as error:
        raise Failure(f"{file} is no YAML: {error}", USAGE) from None
    _print(shell, read_cronjobs(documents, _zone(how)), how)


@command("beat")
@_file
@_common
def from_beat(shell: Shell, file: str, **how: str | None) -> None:
    """Print a fixture of django-celery-beat, or a dump of beat_schedule, as a file of schedules."""
    _print(shell, _guarded(file, lambda: read_beat(_json(file), _zone(how))), how)


@command("apscheduler")
@_file
@_common
def from_apscheduler(shell: Shell, file: str, **how: str | None) -> None:
    """Print a list of APScheduler's jobs in JSON as a file of schedules."""
    _print(shell, _guarded(file, lambda: read_jobs(_json(file), _zone(how))), how)


@command("periodiq")
@click.argument("modules", nargs=-1, required=True, metavar="MODULE...")
@click.option("--path", "folder", default=".", show_default=True, help="Where the modules are.")
@_common
def from_periodiq(shell: Shell, modules: tuple[str, ...], folder: str, **how: str | None) -> None:
    """Import modules, and print the schedules of their actors as a file of schedules."""
    import dramatiq

    sys.path.insert(0, folder)
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - whatever somebody's module raises
            raise Failure(f"{module} can't be imported: {type(error).__name__}: {error}", USAGE) from None
    _print(shell, read_actors(dramatiq.get_broker().actors.values(), _zone(how)), how)


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except OSError as error:
        raise Failure(f"{file}: {error.strerror or error}", USAGE) from None
    except UnicodeDecodeError:
        raise Failure(f"{file} is not UTF-8", USAGE) from None


def _json(file: str) -> Any:
    try:
        return json.loads(_read(file))
    except (ValueError, RecursionError) as error:
        raise Failure(f"{file} is no JSON: {error}", USAGE) from None


def _guarded(file: str, read: Callable[[], Found]) -> Found:
    try:
        return read()
    except (KeyError, TypeError, AttributeError) as error:
        raise Failure(f"{file} is not what was expected: {error}", USAGE) from None


def _zone(how: dict[str, str | None]) -> str | None:
    zone = how["timezone"]
    if zone is not None:
        try:
            load_zone(zone)
        except ValueError as error:
            raise Failure(str(error), USAGE) from None
    return zone


def _print(shell: Shell, found: Found, how: dict[str, str | None]) -> None:
    if shell.output not in ("table", "yaml"):
        raise Failure(f"a file is no {shell.output}: there are TOML and -o yaml", USAGE)
    kind = "yaml" if shell.output == "yaml" else "toml"
    print(write_file(how["source"] or "imported", found.definitions(), kind), end="")
    report = write_report(found, datetime.now(UTC).replace(second=0, microsecond=0))
    if how["report"]:
        Path(how["report"]).write_text(report, "utf-8")
    else:
        shell.say(printable(report.rstrip()))
