"""The form of a channel: from its fields to texts, and back. What nobody has changed comes back as it was."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.dashboard.editor.fields import EditorField, Kind, label_of
from api.dashboard.editor.texts import text_of, value_of
from api.dashboard.frame.asking import asked
from api.dashboard.frame.forms import Form
from api.shapes.spans import read_span
from models.notices.channels import Channel
from models.notices.definition import ChannelDefinition
from models.words.faults import Fault
from models.words.notices import ChannelKind, NoticeKind
from scheduling.commands.faults import Refused

KINDS = tuple(each.value for each in ChannelKind)
MEANINGS: Mapping[str, str] = {
    NoticeKind.FAILED: "a run has failed, after all of its retries",
    NoticeKind.RECOVERED: "it is well again, after this channel was told that it was not",
    NoticeKind.LATE: "a run has not begun when its notify_late_seconds were over",
    NoticeKind.MISSED: "slots did not run, as it was too late for them",
    NoticeKind.SLOW: "a run took much longer than usual",
    NoticeKind.AUTO_PAUSED: "a schedule was paused for its failures",
    NoticeKind.QUARANTINED: "a schedule can't be planned, and was set aside",
    NoticeKind.STALLED: "scheduling had stood still, and goes on",
}
"""What each event means, in the order of the form."""

NARROWING = ("prefix", "tags", "schedules")
_KINDS = {
    "description": Kind.LONG, "kind": Kind.TEXT, "url": Kind.TEXT, "to": Kind.WORDS, "secret": Kind.TEXT,
    "prefix": Kind.TEXT, "tags": Kind.WORDS, "schedules": Kind.WORDS, "after_failures": Kind.WHOLE,
    "quiet_seconds": Kind.NUMBER, "slow_factor": Kind.NUMBER,
}  # fmt: skip
FIELDS = {name: EditorField(name, label_of(name), kind, "", None) for name, kind in _KINDS.items()}


@dataclass(frozen=True)
class Sheet:
    """What stands in the form, and what is wrong with it."""

    texts: Mapping[str, str] = field(default_factory=dict)
    events: Collection[str] = tuple(NoticeKind)
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    loose: Sequence[str] = ()
    trouble: str = ""
    is_new: bool = False
    if_match: str = ""
    kinds: Sequence[str] = KINDS
    meanings: Mapping[str, str] = field(default_factory=lambda: MEANINGS)


def sheet_of(channel: Channel) -> Sheet:
    """What stands in the form of one that is there."""
    values = _values_of(channel)
    texts = {name: text_of(each, values[name]) for name, each in FIELDS.items()}
    return Sheet(texts, channel.events, if_match=str(channel.version))


def sheet_typed(form: Form, faults: Sequence[Fault] = (), *, trouble: str = "", is_new: bool = False) -> Sheet:
    """What somebody has typed, and what is wrong with it."""
    errors, loose = _placed(faults, is_new=is_new)
    return Sheet(dict(form), form.every("events"), errors, loose, trouble, is_new, form.get("if_match", ""))


def definition_in(form: Form, before: Channel | None) -> ChannelDefinition:
    """What a form says of a channel that was so before. A field that was not sent is as it was. Raises Refused."""
    old = _values_of(before) if before else dict.fromkeys(FIELDS)
    values: dict[str, Any] = {}
    faults = []
    for name, each in FIELDS.items():
        try:
            value = value_of(each, _seconds(name, form[name]), old[name]) if name in form else old[name]
        except ValueError as error:
            faults.append(Fault((name,), str(error)))
        else:
            values |= {} if value is None else {name: value}
    if faults:
        raise Refused(faults)
    chosen = {name: values.pop(name) for name in NARROWING if name in values}
    given = values | {"events": list(form.every("events"))} | ({"filter": chosen} if chosen else {})
    return asked(ChannelDefinition, given)


def _values_of(channel: Channel) -> dict[str, Any]:
    values = dict.fromkeys(NARROWING) | vars(channel) | (vars(channel.filter) if channel.filter else {})
    return {name: _plain(values[name]) for name in FIELDS}


def _plain(value: Any) -> Any:
    """Lists as JSON has them; what is empty is none."""
    return (list(value) or None) if isinstance(value, tuple) else value


def _seconds(name: str, text: str) -> str:
    """A span such as `10m` may be written for seconds."""
    seconds = read_span(text.strip()) if name == "quiet_seconds" else None
    return text if seconds is None else f"{seconds:.15g}"


def _placed(faults: Sequence[Fault], *, is_new: bool) -> tuple[dict[str, list[str]], list[str]]:
    """By the field beside which each stands; and the rest, which is about none."""
    beside = {*FIELDS, "events", *(["name"] if is_new else [])}
    placed: dict[str, list[str]] = {}
    loose = []
    for fault in faults:
        path = [str(part) for part in fault.path if part != "filter"]
        if path and path[0] in beside:
            placed.setdefault(path[0], []).append(fault.message)
        else:
            loose.append(": ".join(filter(None, (".".join(path), fault.message))))
    return placed, loose
