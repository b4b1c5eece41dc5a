"""A notice in words: what happened and why, the last error, and where to look."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from models.notices.notice import Notice
from models.words.instants import say_instant
from models.words.notices import TEST, NoticeKind
from models.words.states import SkipReason, WaitingFor
from scheduling.explanations.verdict import say_span

MAX_TITLE_CHARACTERS = 200
MAX_TEXT_CHARACTERS = 2000

_SKIPS = {
    SkipReason.MISSED: "it was decided too late, and its catch-up policy makes up for nothing that late",
    SkipReason.DEADLINE: "it had not started by its deadline",
    SkipReason.OVERLAP: "an earlier run of the schedule was still active",
    SkipReason.COALESCED: "of the slots missed another one stands for all",
    SkipReason.LIMIT: "no more slots are made up for at once",
    SkipReason.CALENDAR: "its calendar leaves that time out",
    SkipReason.PAUSED: "the schedule was paused",
}
_WAITS = {
    WaitingFor.ACTOR: "no worker has announced its actor",
    WaitingFor.WORKER: "no worker of its queue knows its actor",
    WaitingFor.QUEUE: "its queue is paused",
    WaitingFor.HOLD: "everything is held",
    WaitingFor.OVERLAP: "an earlier run of the schedule is active",
    WaitingFor.WINDOW: "its queue is full of messages",
}
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


@dataclass(frozen=True)
class Words:
    """`title` is one line. `error` and `url` are empty where there is none."""

    title: str
    text: str
    error: str
    url: str


def say_notice(notice: Notice, channel: str, site: str, because: str | None = None) -> Words:
    """The notice in words. `because` are those of the explanation of its run; `site` is where browsers find callsheet,
    empty where nobody has said so."""
    text = [_happened(notice, channel)]
    if because:
        text.append(because)
    elif why := _why(notice):
        text.append(why)
    error = f"{notice.error_type}: {notice.error_message}" if notice.error_message else notice.error_type or ""
    return Words(
        title=_shortened(" ".join(_title(notice, channel).split()), MAX_TITLE_CHARACTERS),
        text=_shortened(" ".join(text), MAX_TEXT_CHARACTERS),
        error=_shortened(error, MAX_TEXT_CHARACTERS),
        url=f"{site}{_page(notice, channel)}" if site else "",
    )


def _title(notice: Notice, channel: str) -> str:
    who = _who(notice)
    match notice.kind:
        case NoticeKind.FAILED:
            return f"{who} failed{_in_a_row(notice)}"
        case NoticeKind.RECOVERED:
            return f"{who} has recovered"
        case NoticeKind.LATE:
            return f"{who} is late"
        case NoticeKind.MISSED:
            return f"{who} missed a run"
        case NoticeKind.SLOW:
            return f"{who} was slow"
        case NoticeKind.AUTO_PAUSED:
            return f"{who} was paused by callsheet"
        case NoticeKind.QUARANTINED:
            return f"{who} can't be planned"
        case NoticeKind.STALLED:
            return "scheduling stalled"
        case _ if notice.kind == TEST:
            return f"a test of the channel {channel}"
        case _:
            return f"{who}: {notice.kind.replace('_', ' ')}"


def _happened(notice: Notice, channel: str) -> str:
    run = _run(notice)
    match notice.kind:
        case NoticeKind.FAILED:
            return f"{run} failed{_attempts(notice)}{_nth(notice)}."
        case NoticeKind.RECOVERED:
            return f"{run} succeeded{_after_failures(notice)}." if notice.run_id else "It can be planned again."
        case NoticeKind.LATE:
            return f"{run} is {_span(notice.lateness_seconds)} late."
        case NoticeKind.MISSED:
            return f"{run} did not take place."
        case NoticeKind.SLOW:
            usual = f", where half of all take {_span(notice.median_seconds)}" if notice.median_seconds else ""
            return f"{run} took {_span(notice.duration_seconds)}{usual}."
        case NoticeKind.AUTO_PAUSED:
            return f"The schedule was paused{_after_failures(notice)}: nothing of it runs until somebody resumes it."
        case NoticeKind.QUARANTINED:
            return "The schedule could not be planned: it is set aside until it is edited."
        case NoticeKind.STALLED:
            lasted = notice.duration_seconds or notice.lateness_seconds
            return f"Nothing was planned{f' for {_span(lasted)}' if lasted else ''}."
        case _ if notice.kind == TEST:
            return f"Notices of the channel {channel} arrive. Nothing has happened."
        case _:
            return f"{run}: {notice.kind.replace('_', ' ')}."


def _why(notice: Notice) -> str:
    """What the notice itself says of the reason."""
    reason = (notice.reason or "").strip()
    if not reason or notice.kind == NoticeKind.RECOVERED:
        return ""
    if notice.kind == NoticeKind.LATE and reason in set(WaitingFor):
        return f"It waits because {_WAITS[WaitingFor(reason)]}."
    if notice.kind == NoticeKind.MISSED and reason in set(SkipReason):
        return f"It was skipped because {_SKIPS[SkipReason(reason)]}."
    return reason if reason.endswith((".", "!", "?")) else f"{reason[0].upper()}{reason[1:]}."


def _who(notice: Notice) -> str:
    return notice.schedule or (f"a run of {notice.actor}" if notice.actor else "scheduling")


def _run(notice: Notice) -> str:
    whose = "Its run" if notice.schedule else f"The run of {notice.actor}" if notice.actor else "A run"
    return f"{whose} for {say_instant(notice.slot_at)}" if notice.slot_at else whose


def _attempts(notice: Notice) -> str:
    return f" after {notice.attempt} attempts" if notice.attempt and notice.attempt > 1 else ""


def _in_a_row(notice: Notice) -> str:
    return f" {notice.streak} times in a row" if notice.streak and notice.streak > 1 else ""


def _nth(notice: Notice) -> str:
    number = notice.streak or 0
    if number < 2:
        return ""
    ending = "th" if 10 <= number % 100 <= 20 else _ORDINALS.get(number % 10, "th")
    return f", the {number}{ending} one in a row"


def _after_failures(notice: Notice) -> str:
    number = notice.streak or 0
    return f" after {number} failures in a row" if number > 1 else " after a failure" if number else ""


def _span(seconds: float | None) -> str:
    return say_span(timedelta(seconds=seconds or 0))


def _page(notice: Notice, channel: str) -> str:
    """Where people see what the notice is about."""
    if notice.kind == TEST:
        return f"/channels/{quote(channel, safe='')}"
    if notice.run_id:
        return f"/runs/{notice.run_id}"
    return f"/schedules/{quote(notice.schedule, safe='')}" if notice.schedule else "/"


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
