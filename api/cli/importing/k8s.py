"""CronJobs of Kubernetes. Pure."""

import re
from typing import Any

from api.cli.importing import fields
from api.cli.importing.found import DAY_SECONDS, Found, Imported, positional, without_empty, write_expression
from api.cli.importing.rules import Clock, OldRule
from models.words.bounds import MAX_RETRIES
from scheduling.cron import check
from scheduling.cron.fields import SHORTHANDS

_OVERLAPS = {"Allow": "allow", "Forbid": "skip", "Replace": "cancel_other"}
_EVERY = re.compile(r"@every ((?:\d+(?:\.\d+)?(?:h|m|s))+)")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(h|m|s)")
_SECONDS = {"h": 3600, "m": 60, "s": 1}
_BACKOFF_LIMIT = 6

_ABOUT = (
    "a container's command runs on a worker by run_process: image, volumes, resources and service account are left out",
    "Kubernetes makes up for the newest missed start (catchup = latest), in startingDeadlineSeconds if that is given",
)


def read_cronjobs(documents: list[Any], timezone: str | None = None) -> Found:
    """The CronJobs of YAML documents. `timezone` is that of the controller, which counts where a job names none."""
    found = Found(remarks=list(_ABOUT))
    for number, document in enumerate(_flat(documents), 1):
        if not isinstance(document, dict) or document.get("kind") != "CronJob":
            continue
        metadata = document.get("metadata") or {}
        place = f"CronJob {metadata.get('namespace', 'default')}/{metadata.get('name', number)}"
        try:
            found.schedules.append(_read(found, document, metadata, place, timezone))
        except KeyError as error:
            found.refused.append((place, f"{error} is missing, or not understood"))
        except (ValueError, TypeError, AttributeError) as error:
            found.refused.append((place, str(error)))
    return found


def _flat(documents: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for document in documents:
        is_list = isinstance(document, dict) and document.get("kind") in ("List", "CronJobList")
        flat += document.get("items") or [] if is_list else [document]
    return flat


def _read(found: Found, document: Any, metadata: Any, place: str, timezone: str | None) -> Imported:
    spec = document.get("spec") or {}
    job = (spec.get("jobTemplate") or {}).get("spec") or {}
    remarks: list[str] = []
    when, zone = _zone(str(spec["schedule"]).strip(), spec.get("timeZone") or timezone, remarks)
    timing, rule = _timing(when, zone, remarks)
    deadline = spec.get("startingDeadlineSeconds")
    policy = spec.get("concurrencyPolicy") or "Allow"
    definition = {
        "description": f"{place} of Kubernetes",
        "actor": "run_process",
        "args": _arguments(job, remarks),
        **timing,
        "overlap": _OVERLAPS[policy],
        "catchup_window_seconds": deadline,
        "max_retries": min(int(job.get("backoffLimit", _BACKOFF_LIMIT)), MAX_RETRIES),
        "time_limit_seconds": job.get("activeDeadlineSeconds") or DAY_SECONDS,
        "tags": [metadata["namespace"]] if metadata.get("namespace") else [],
        "paused": bool(spec.get("suspend")) or None,
    }
    if "backoffLimit" not in job:
        remarks.append(f"backoffLimit is {_BACKOFF_LIMIT} where it is not given, so max_retries is")
    if not job.get("activeDeadlineSeconds"):
        remarks.append("a Job without activeDeadlineSeconds has no time limit; time_limit_seconds is a day")
    if spec.get("suspend"):
        remarks.append("it is suspended, and created paused")
    if policy == "Forbid":
        remarks.append("Forbid starts a slot late once the one before has ended; overlap = skip leaves it out")
    return Imported(found.name(str(metadata["name"])), place, when, without_empty(definition), rule, remarks)


def _zone(when: str, given: str | None, remarks: list[str]) -> tuple[str, str]:
    prefix = re.match(r"(?:CRON_)?TZ=(\S+)\s+", when)
    if prefix:
        return when[prefix.end() :], prefix[1]
    if given is None:
        remarks.append("it has no timeZone: that of the controller counts, taken as UTC")
    return when, given or "UTC"


def _timing(when: str, zone: str, remarks: list[str]) -> tuple[dict[str, Any], OldRule | None]:
    if every := _EVERY.fullmatch(when):
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _SPAN.findall(every[1]))
        remarks.append("@every counts from when the controller starts; here the slots are counted from 1970")
        return {"every_seconds": seconds}, None
    parts = SHORTHANDS.get(when, when).split()
    if len(parts) != 5:
        raise ValueError(f"the schedule {when!r} has not five fields")
    minute, hour, day, month, weekday = parts
    if "7" in re.split(r"[,/-]", weekday):
        raise ValueError("Kubernetes knows no weekday 7")
    day_any, weekday_any = _is_any(day), _is_any(weekday)
    rule = OldRule(
        minutes=fields.values(minute, fields.MINUTE),
        hours=fields.values(hour, fields.HOUR),
        dates=fields.values(day, fields.DATE),
        months=fields.values(month, fields.MONTH),
        weekdays=fields.from_sunday(fields.values(weekday, fields.Range("weekday", 0, 6, fields.WEEKDAYS))),
        either=not (day_any or weekday_any),
        clock=Clock.REAL,
        timezone=zone,
    )
    is_starred = day[0] in "*?" or weekday[0] in "*?"
    if rule.either and is_starred:
        remarks.append("a day or weekday with a step, as */2, counts as given there: the date or the weekday is enough")
    is_same = rule.either != is_starred and "?" not in minute + hour + month
    written = when if is_same else write_expression(rule)
    check(written, zone)
    return {"cron": written, "timezone": zone}, rule


def _is_any(text: str) -> bool:
    return any(item in ("*", "?", "*/1", "?/1") for item in text.split(","))


def _arguments(job: Any, remarks: list[str]) -> dict[str, Any]:
    pod = (job.get("template") or {}).get("spec") or {}
    containers = pod.get("containers") or []
    if not containers:
        raise ValueError("it has no container")
    if len(containers) > 1 or pod.get("initContainers"):
        remarks.append("only the first container's command is taken")
    first = containers[0]
    argv = [str(each) for each in [*(first.get("command") or []), *(first.get("args") or [])]]
    if not first.get("command"):
        remarks.append(f"the command is in the image {first.get('image')}: say in argv what to run")
        argv = argv or ["true"]
    env: dict[str, str] = {}
    for each in first.get("env") or []:
        secret = ((each.get("valueFrom") or {}).get("secretKeyRef") or {}).get("key")
        if secret:
            name = re.sub(r"\W", "_", each["name"])
            env[each["name"]] = f"${{secret:{name}}}"
            remarks.append(f"{each['name']} comes from a Secret: give workers the secret {name}")
        elif "valueFrom" in each:
            remarks.append(f"the variable {each['name']} has no plain value, and is left out")
        else:
            env[each["name"]] = str(each.get("value", ""))
    return positional([], {"argv": argv} | ({"env": env} if env else {}))
