"""The settings: a TOML file, overridden by the environment, validated as a whole at start.

Order, first wins: `CALLSHEET_SECTION__KEY`, the names that platforms set (`DATABASE_URL`, `PORT` …), the TOML file,
the defaults.
"""

import os
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.credentials import credentials_of
from config.environment import read_environment
from config.secrets import use_credentials
from config.sections import (
    Access,
    Actors,
    Amqp,
    Dashboard,
    Database,
    Events,
    Http,
    HttpRequest,
    Log,
    Retention,
    RunProcess,
    Scheduling,
    Secrets,
    Worker,
)
from config.smtp import Smtp

DEFAULT_FILE = Path(__file__).with_name("callsheet.toml")
EXIT_CONFIG = 78
"""The exit code of `sysexits.h` for a configuration error."""


class SettingsError(Exception):
    """The settings can't be used. `problems` names each one, without its value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """All settings of all processes; frozen."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    database: Database = Database()
    amqp: Amqp = Amqp()
    http: Http = Http()
    access: Access = Access()
    dashboard: Dashboard = Dashboard()
    scheduling: Scheduling = Scheduling()
    worker: Worker = Worker()
    actors: Actors = Actors()
    secrets: Secrets = Secrets()
    http_request: HttpRequest = HttpRequest()
    run_process: RunProcess = RunProcess()
    smtp: Smtp = Smtp()
    events: Events = Events()
    retention: Retention = Retention()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` has gathered: one reading of the environment, problems in one list."""
        return (init_settings,)


def load_settings(environ: Mapping[str, str], *, require: tuple[str, ...] = ()) -> Settings:
    """The settings that the file named by `CALLSHEET_CONFIG` (or the default one) and `environ` give.

    `require` lists settings that must be given, as `section.key`. Raises SettingsError with every problem found.
    """
    values, problems = _read_file(environ)
    overrides, unknown = read_environment(
        environ, {name: field.annotation for name, field in Settings.model_fields.items()}
    )
    for section, keys in overrides.items():
        values.setdefault(section, {})
        if isinstance(values[section], dict):
            values[section].update(keys)
    problems += unknown
    try:
        settings = Settings(**values)
    except ValidationError as error:
        problems += [_describe(problem) for problem in error.errors(include_input=False, include_url=False)]
        problems += _missing(values, require)
        raise SettingsError(problems) from None
    problems += _missing(values, require)
    if problems:
        raise SettingsError(problems)
    return settings


_in_force: Settings | None = None


def get_settings(*require: str) -> Settings:
    """The settings of this process: one object, read when somebody first asks for it.

    Raises SettingsError where they can't be used, or one of `require` (as for `load_settings`) is not given.
    """
    settings = _in_force
    if settings is None:
        settings = load_settings(os.environ, require=require)
        use_settings(settings)
    elif missing := _missing(settings.model_dump(), require):
        raise SettingsError(missing)
    return settings


def use_settings(settings: Settings | None) -> None:
    """Make these the settings of this process; None lets the next who asks read them anew."""
    global _in_force  # noqa: PLW0603 - a process has one
    _in_force = settings
    use_credentials(
        () if settings is None else credentials_of(settings.database, settings.amqp, settings.http, settings.smtp)
    )


def settings_or_exit(*require: str) -> Settings:
    """As `get_settings`; with problems, all of them on stderr and exit code 78."""
    try:
        return get_settings(*require)
    except SettingsError as error:
        exit_with(error)


def exit_with(error: SettingsError) -> NoReturn:
    """Print the problems, one a line, and exit with code 78."""
    print("callsheet can't start, its settings have problems:", file=sys.stderr)
    for problem in error.problems:
        print(f"  {problem}", file=sys.stderr)
    raise SystemExit(EXIT_CONFIG)


def _read_file(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    path = Path(environ.get("CALLSHEET_CONFIG") or DEFAULT_FILE)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except OSError as error:
        return {}, [f"CALLSHEET_CONFIG: can't read {path}: {error.strerror}"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {}, [f"{path}: not valid TOML: {error}"]


def _missing(values: Mapping[str, Any], require: Iterable[str]) -> list[str]:
    return [_must_be_set(name) for name in require if not _is_given(values, name)]


def _is_given(values: Mapping[str, Any], name: str) -> bool:
    section, key = name.split(".")
    keys = values.get(section)
    return isinstance(keys, dict) and bool(keys.get(key))


def _must_be_set(name: str) -> str:
    platform_names = {
        "database.url": "DATABASE_URL",
        "amqp.url": "AMQP_URL",
        "http.admin_token": "CALLSHEET_ADMIN_TOKEN",
    }
    platform_name = platform_names.get(name)
    return f"{name}: must be set" + (f", for example by {platform_name}" if platform_name else "")


def _describe(problem: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{name}: no such setting"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
