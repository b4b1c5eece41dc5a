"""What the environment says about the settings: `CALLSHEET_SECTION__KEY` and the names that platforms set."""

import json
from collections.abc import Mapping, MutableMapping
from typing import Any, get_origin

PREFIX = "CALLSHEET_"
SECRET_PREFIX = "CALLSHEET_SECRET_"  # noqa: S105 - the prefix of names, not a secret

PLATFORM_NAMES = {
    "DATABASE_URL": ("database", "url"),
    "RABBITMQ_URL": ("amqp", "url"),
    "CLOUDAMQP_URL": ("amqp", "url"),
    "AMQP_URL": ("amqp", "url"),
    "PORT": ("http", "port"),
    "CALLSHEET_ADMIN_TOKEN": ("http", "admin_token"),
    "SOURCE_VERSION": ("worker", "release"),
    "RAILWAY_GIT_COMMIT_SHA": ("worker", "release"),
    "RENDER_GIT_COMMIT": ("worker", "release"),
    "CONTAINER_VERSION": ("worker", "release"),
    "HEROKU_RELEASE_VERSION": ("worker", "release"),
}
"""Names outside the scheme, each for one setting; where several are set, the later row wins."""

OTHER_NAMES = {
    "CALLSHEET_CONFIG",
    "CALLSHEET_DATA",
    # where commands find a callsheet, and what lets them in
    "CALLSHEET_URL",
    "CALLSHEET_TOKEN",
    # what `run_process` tells its programs, which may be callsheet's own commands
    "CALLSHEET_RUN_ID",
    "CALLSHEET_SCHEDULE",
    "CALLSHEET_SLOT",
    "CALLSHEET_ATTEMPT",
}


def read_environment(
    environ: Mapping[str, str], sections: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """The overrides by section and key, and a problem for each `CALLSHEET_…` name that means nothing.

    `sections` maps a section's name to its model. Lists and maps are read as JSON; text that is not JSON stays as it
    is, for the validation to refuse.
    """
    values: dict[str, dict[str, Any]] = {}
    problems = []
    for name, (section, key) in PLATFORM_NAMES.items():
        if environ.get(name):
            values.setdefault(section, {})[key] = environ[name]
    for name, text in environ.items():
        if (
            not name.startswith(PREFIX)
            or name in PLATFORM_NAMES
            or name in OTHER_NAMES
            or name.startswith(SECRET_PREFIX)
        ):
            continue
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        field = sections[section].model_fields.get(key) if section in sections else None
        if field is None:
            problems.append(f"{name}: no such setting")
        else:
            values.setdefault(section, {})[key] = (
                _from_json(text) if get_origin(field.annotation) in (list, dict) else text
            )
    return values, problems


def drop_setting(environ: MutableMapping[str, str], section: str, key: str) -> None:
    """Take every variable away that gives this setting."""
    for name in list(environ):
        if PLATFORM_NAMES.get(name) == (section, key) or (
            name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() == f"{section}__{key}"
        ):
            del environ[name]


def secret_names(environ: Mapping[str, str]) -> list[str]:
    """What the secrets are called, by name."""
    return sorted(name.removeprefix(SECRET_PREFIX) for name in environ if name.startswith(SECRET_PREFIX))


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
