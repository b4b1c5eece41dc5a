"""The command lines that run a run again, or look at it: for a shell that has the token in its environment. Pure."""

import json
import shlex
from dataclasses import dataclass
from typing import Any

from api.shapes.run_json import RunJson
from models.words.states import LIVE_STATES, Trigger

BEARER = '-H "Authorization: Bearer $CALLSHEET_TOKEN"'


@dataclass(frozen=True)
class Lines:
    """What they do, by `curl` and by `callsheet`."""

    key: str
    title: str
    curl: str
    callsheet: str


def lines_of(run: RunJson, site: str, *, has_schedule: bool) -> list[Lines]:
    """To look at the run; to run it again, where that can be: one that was triggered is triggered with the same
    arguments."""
    path = f"/v1/runs/{run.id}"
    look = Lines("look", "Look at it", _curl(site, path), _callsheet(site, "runs", "get", str(run.id)))
    if has_schedule and run.trigger == Trigger.MANUAL and run.schedule is not None:
        return [_trigger(site, run.schedule, run.args), look]
    if run.state in LIVE_STATES or run.slots > 1:
        return [look]
    curl = _curl(site, f"{path}/retry", "-X POST")
    return [Lines("again", "Run it again", curl, _callsheet(site, "runs", "retry", str(run.id))), look]


def lines_of_schedule(name: str, site: str) -> list[Lines]:
    """To run a schedule with the arguments that it has; to look at it."""
    path = f"/v1/schedules/{name}"
    run = _curl(site, f"{path}/trigger", "-X POST")
    return [
        Lines("run", "Run it now", run, _callsheet(site, "schedules", "trigger", name)),
        Lines("look", "Look at it", _curl(site, path), _callsheet(site, "schedules", "get", name)),
    ]


def lines_of_channel(name: str, site: str) -> list[Lines]:
    """To send something to a channel; to look at it."""
    path = f"/v1/channels/{name}"
    test = _curl(site, f"{path}/test", "-X POST")
    return [
        Lines("test", "Test it", test, _callsheet(site, "channels", "test", name)),
        Lines("look", "Look at it", _curl(site, path), _callsheet(site, "channels", "get", name)),
    ]


def write_json(value: Any) -> str:
    """JSON of characters that a terminal shows, and takes, as they are."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(each if each.isprintable() else json.dumps(each)[1:-1] for each in text)


def _trigger(site: str, schedule: str, args: dict[str, Any]) -> Lines:
    body = shlex.quote(write_json({"args": args}))
    curl = _curl(
        site,
        f"/v1/schedules/{schedule}/trigger",
        "-X POST",
        "-H 'Content-Type: application/json'",
        f"--data-raw {body}",
    )
    callsheet = _callsheet(site, "schedules", "trigger", schedule, "--args", write_json(args))
    return Lines("again", "Trigger it again, with the same arguments", curl, callsheet)


def _curl(site: str, path: str, method: str = "", *options: str) -> str:
    call = " ".join(filter(None, ("curl", method, shlex.quote(site + path))))
    return " \\\n  ".join([call, BEARER, *options])


def _callsheet(site: str, *words: str) -> str:
    return f"CALLSHEET_URL={shlex.quote(site)} {shlex.join(['callsheet', *words])}"
