"""Notify: tell somebody by a channel what has happened, an actor like any other."""

import ipaddress
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import dramatiq
import httpx
import structlog
from dramatiq.errors import Retry

from actors.context import CurrentRun, current_run, fill_in, worker_engine
from actors.outside import smtp
from actors.outside.channels import email, slack, teams, webhook
from actors.outside.channels.notice import read_notice
from actors.outside.channels.words import Words, say_notice
from actors.outside.deadline import Deadline
from actors.outside.posting import Posted, post
from actors.outside.transport import target_of
from config.settings import get_settings
from models.counters.counting import count
from models.notices.channels import Channel, read_channel
from models.notices.notice import Notice
from models.runs import get_run
from models.schedules import get_schedule
from models.sql.clock import read_clock
from models.words.backoff import backoff_seconds
from models.words.notices import MAX_BACKOFF_SECONDS, MAX_RETRIES, MIN_BACKOFF_SECONDS, ChannelKind, NoticeKind
from scheduling.explaining.evidence import gather
from scheduling.explanations.of_run import explain_run

log = structlog.get_logger("worker")

SECONDS = 30
"""For all that an attempt has to do outside."""

LONGEST_WAIT_SECONDS = 3600
"""What a receiver that asks for more time gets at most."""

ABOUT_RUNS = (NoticeKind.FAILED, NoticeKind.RECOVERED, NoticeKind.LATE, NoticeKind.MISSED, NoticeKind.SLOW)
"""What the explanation of a run explains."""

ANSWER_CHARACTERS = 200
GONE = 410


class NotDelivered(Retry):
    """The receiver has not taken the notice: its answer. The next attempt may wait for as long as it has asked for."""


class ChannelUnusable(Exception):
    """The channel can't be used as it is, and the next attempt could not either."""


@dramatiq.actor(
    max_retries=MAX_RETRIES,
    min_backoff=MIN_BACKOFF_SECONDS * 1000,
    max_backoff=MAX_BACKOFF_SECONDS * 1000,
    time_limit=60_000,
    throws=(ChannelUnusable, webhook.NotASecret),
)
def notify(channel: str, notice: dict[str, Any]) -> dict[str, Any]:
    """Tell a notice by a channel, as that is now: a channel that is gone tells nobody.

    Tried for about an hour and a half, with longer and longer waits. A run of this actor tells one notice: the message
    of a webhook has the run's id in each attempt, and so has an email. Requests keep the rules of `http_request` about
    addresses and secrets.

    Arguments:
        channel: its name.
        notice: what has happened.

    Result: `sent`, and `status` of what a URL has answered, or whom a server of emails has `refused`.
    """
    run = current_run()
    with worker_engine().begin() as connection:
        to = read_channel(connection, channel)
    if to is None:
        return {"sent": False, "reason": "the channel is gone"}
    news = read_notice(notice)
    words = say_notice(news, channel, get_settings().http.public_url, _because(news))
    try:
        result = _tell(to, notice, words, run)
    except Exception:
        count("callsheet_notifications_total", channel=channel, outcome="failed")
        raise
    count("callsheet_notifications_total", channel=channel, outcome="sent")
    return {"sent": True, **result}


def _because(notice: Notice) -> str | None:
    """Why the run of the notice is as it is by now; None where there is none. Its error is said beside."""
    if notice.run_id is None or notice.kind not in ABOUT_RUNS:
        return None
    try:
        with worker_engine().begin() as connection:
            row = get_run(connection, notice.run_id)
            if row is None:
                return None
            schedule = get_schedule(connection, row.schedule_name) if row.schedule_name else None
            if schedule is not None and schedule.id != row.schedule_id:  # another one has its name by now
                schedule = None
            row.error_type = None
            return explain_run(schedule, row, gather(connection, schedule, row), read_clock(connection)).because
    except Exception:  # the news must go out, with or without its explanation
        log.exception("explain", about=str(notice.run_id))
        return None


def _tell(to: Channel, notice: Mapping[str, Any], words: Words, run: CurrentRun) -> dict[str, Any]:
    match ChannelKind(to.kind):
        case ChannelKind.EMAIL:
            return _write(to, notice, words, run)
        case ChannelKind.SLACK:
            return _post(to, slack.body_of(words), {}, run)
        case ChannelKind.TEAMS:
            return _post(to, teams.body_of(words), {}, run)
        case ChannelKind.WEBHOOK:
            body = webhook.body_of(notice, words)
            secret = None if to.secret is None else fill_in(to.secret, run)
            return _post(to, body, webhook.headers_of(body, str(run.run_id), int(time.time()), secret), run)


def _write(to: Channel, notice: Mapping[str, Any], words: Words, run: CurrentRun) -> dict[str, Any]:
    server = get_settings().smtp
    if not server.host:
        raise NotDelivered("this worker has no server for emails: the setting smtp.host is empty")
    now = datetime.now(UTC)
    letter = email.letter_of(notice["kind"], words, to.name, server.sender, to.to or (), str(run.run_id), now)
    refused = smtp.send(letter, server, _deadline())
    return {"refused": refused} if refused else {}


def _post(to: Channel, body: bytes, headers: Mapping[str, str], run: CurrentRun) -> dict[str, Any]:
    url = httpx.URL(fill_in(to.url, run))
    run.check_reach(target_of(url))
    networks = map(ipaddress.ip_network, get_settings().http_request.allow_networks)
    posted = post(url, body, headers, networks, _deadline())
    run.output.write(f"{posted.text}\n" if posted.text else "")
    if not 200 <= posted.status < 300:
        raise _refusal(posted, run.attempt)
    return {"status": posted.status}


def _refusal(posted: Posted, attempt: int) -> Exception:
    words = f": {' '.join(posted.text[:ANSWER_CHARACTERS].split())}" if posted.text else ""
    if posted.status == GONE:
        return ChannelUnusable(f"the answer is {GONE}, which means gone for good{words}")
    asked = posted.retry_after_seconds
    if asked is None:
        return NotDelivered(f"the answer is {posted.status}{words}")
    usual = backoff_seconds(attempt - 1, MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS)
    wait = max(min(asked, LONGEST_WAIT_SECONDS), usual)
    return NotDelivered(f"the answer is {posted.status}{words}", delay=int(wait * 1000))


def _deadline() -> Deadline:
    return Deadline(SECONDS, f"not told within {SECONDS} seconds")
