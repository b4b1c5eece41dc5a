"""Crontabs, of a user or of the system, as cron(8) of Debian and cronie read them. Pure."""

import re
from dataclasses import dataclass, field
from typing import Any

from api.cli.importing import fields
from api.cli.importing.found import DAY_SECONDS, Found, Imported, write_expression
from api.cli.importing.rules import Clock, OldRule
from scheduling.cron import check
from scheduling.cron.fields import SHORTHANDS
from scheduling.cron.zones import load_zone

_SETTING = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|(\w+))\s*=\s*(.*?)\s*""")
_FIELDS = re.compile(r"\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(.*)")
_SHORTHAND = re.compile(r"\s*(@\w+)\s+(.*)")
_AS_USER = re.compile(r"(\S+)\s+(.*)")
_SHELL = "/bin/sh"

_SAME = "cron starts a job beside one that still runs (overlap = allow), and makes up for nothing (catchup = none)"
_LIMIT = "cron has no time limit; time_limit_seconds is a day"
_ALLOW = "run_process starts what its setting `run_process.allow` lists: shell commands to the letter"


@dataclass
class _Settings:
    """The variables in force at a line."""

    environment: dict[str, str] = field(default_factory=dict)
    timezone: str = "UTC"


def read_crontab(text: str, timezone: str | None = None, *, is_system: bool = False) -> Found:
    """The jobs of a crontab. `timezone` is the machine's; in the system form the sixth field is a user."""
    found = Found(remarks=[_SAME, _LIMIT, _ALLOW])
    if timezone is None:
        found.remarks.append("the machine's time zone was not given: UTC is taken where no CRON_TZ stands")
    settings = _Settings(timezone=timezone or "UTC")
    comment: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        place = f"line {number}"
        if line.lstrip().startswith("#"):
            comment.append(line.strip().lstrip("#").strip())
            continue
        setting = _SETTING.fullmatch(line)
        if not line.strip() or setting:
            comment = []
        if setting:
            _note_setting(found, settings, place, setting)
        elif line.strip():
            try:
                found.schedules.append(_read_job(found, line, place, settings, comment, is_system))
            except ValueError as error:
                found.refused.append((f"{place}: {line.strip()}", str(error)))
            comment = []
    return found


def _note_setting(found: Found, settings: _Settings, place: str, match: re.Match[str]) -> None:
    name, value = match[1] or match[2] or match[3], _unquoted(match[4])
    if name == "CRON_TZ":
        try:
            load_zone(value)
        except ValueError as error:
            found.refused.append((f"{place}: CRON_TZ={value}", str(error)))
            return
        settings.timezone = value
        found.remarks.append(f"{place}: CRON_TZ is heeded, as by cronie; Debian's cron takes the machine's zone")
    elif name == "MAILTO":
        whom = f"mailed to {value}" if value else "thrown away"
        found.remarks.append(f"{place}: output was {whom} (MAILTO); it will be kept with the run, and nobody is mailed")
    elif name in ("RANDOM_DELAY", "START_HOURS_RANGE"):
        found.remarks.append(f"{place}: {name} is cronie's and anacron's, and is left out: see jitter_seconds")
    elif name not in ("MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING"):
        settings.environment[name] = value


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _read_job(
    found: Found, line: str, place: str, settings: _Settings, comment: list[str], is_system: bool
) -> Imported:
    when, rest = _when(line)
    user = None
    if is_system:
        as_user = _AS_USER.fullmatch(rest)
        if as_user is None:
            raise ValueError("a line of the system's crontab names a user before the command")
        user, rest = as_user[1], as_user[2]
    if not rest.strip():
        raise ValueError("there is no command")
    command, stdin = _split_percent(rest.strip())
    remarks: list[str] = []
    rule = _rule(when, settings.timezone, remarks)
    definition = {
        "description": " ".join(filter(None, comment)) or command[:200],
        "actor": "run_process",
        "args": _arguments(command, stdin, settings.environment),
        "cron": _expression(when, rule, is_changed=bool(remarks)),
        "timezone": settings.timezone,
        "overlap": "allow",
        "catchup": "none",
        "time_limit_seconds": DAY_SECONDS,
    }
    if user is not None:
        remarks.append(f"ran as the user {user}; it will run as the worker's")
    if stdin is not None:
        remarks.append("what stands behind the first % is its standard input, each further % a new line")
    return Imported(found.name(_program(command)), place, f"{when} ({settings.timezone})", definition, rule, remarks)


def _when(line: str) -> tuple[str, str]:
    """The expression, and what stands behind it. ValueError."""
    if shorthand := _SHORTHAND.fullmatch(line):
        name = shorthand[1].lower()
        if name not in SHORTHANDS:
            raise ValueError("it runs when the machine starts" if name == "@reboot" else f"{name} is not understood")
        return name, shorthand[2]
    match = _FIELDS.fullmatch(line)
    if match is None:
        raise ValueError("it has no five fields and a command")
    return " ".join([match[1].removeprefix("-"), *match.groups()[1:5]]), match[6]


def _rule(when: str, timezone: str, remarks: list[str]) -> OldRule:
    minute, hour, day, month, weekday = SHORTHANDS.get(when, when).split()

    def wrapped(item: str) -> None:
        remarks.append(
            f"the range {item} runs backwards: cron refuses such a line or never runs it then, others go round;"
            " it is taken to go round"
        )

    rule = OldRule(
        minutes=fields.values(minute, fields.MINUTE, wrapped),
        hours=fields.values(hour, fields.HOUR, wrapped),
        dates=fields.values(day, fields.DATE, wrapped),
        months=fields.values(month, fields.MONTH, wrapped),
        weekdays=fields.from_sunday(fields.values(weekday, fields.WEEKDAY, wrapped)),
        either=not (day.startswith("*") or weekday.startswith("*")),
        clock=Clock.DEBIAN,
        timezone=timezone,
        is_interval=minute.startswith("*") or hour.startswith("*"),
    )
    if rule.either:
        remarks.append("it runs where the date or the weekday matches, as it did")
    elif day != "*" and weekday != "*":
        remarks.append("one of day and weekday begins with *, so both must match, as they had to")
    return rule


def _expression(when: str, rule: OldRule, *, is_changed: bool) -> str:
    """As it stands there, if we read it; else with the same values. ValueError for what never runs."""
    try:
        check(when, rule.timezone)
        return when
    except ValueError:
        if not is_changed:
            raise
    written = write_expression(rule)
    check(written, rule.timezone)
    return written


def _split_percent(rest: str) -> tuple[str, str | None]:
    """The command, and its standard input: the first % ends it, later ones are new lines, `\\%` is a %."""
    parts = [part.replace("\\%", "%") for part in re.split(r"(?<!\\)%", rest)]
    return parts[0].strip(), "\n".join(parts[1:]) + "\n" if len(parts) > 1 else None


def _arguments(command: str, stdin: str | None, environment: dict[str, str]) -> dict[str, Any]:
    rest = {name: value for name, value in environment.items() if name != "SHELL"}
    shell = environment.get("SHELL", _SHELL)
    args: dict[str, Any] = {"argv": command, "shell": True} if shell == _SHELL else {"argv": [shell, "-c", command]}
    if rest:
        args["env"] = rest
    if "HOME" in rest:
        args["cwd"] = rest["HOME"]
    return args if stdin is None else args | {"stdin": stdin}


def _program(command: str) -> str:
    """The name of the program that a command starts."""
    for word in re.split(r"\s+|(?=&&)", _CHANGE_FOLDER.sub("", command)):
        name = word.strip("\"'").rstrip("/").rpartition("/")[2]
        if "=" not in word and re.search(r"\w", name) and name not in _PREFIXES:
            return re.sub(r"\.(sh|py|pl|rb|php|bash)$", "", name)
    return "job"


_CHANGE_FOLDER = re.compile(r"^\s*cd\s+\S+\s*(&&|;)\s*")
_PREFIXES = {"sudo", "nice", "ionice", "env", "flock", "timeout", "exec", "chronic", "nohup"}
