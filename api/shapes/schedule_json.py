"""Schedules as the API shows them."""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, Field, create_model

from api.web.fields import CountJson, Moment, is_none
from config.references import secrets_in
from models.definition import DEFAULT_POLICIES, Definition, effective_policy
from models.processes import known_secrets
from models.schedules import StoredSchedule, get_schedule, last_runs
from models.words.faults import in_words
from models.words.states import State
from models.words.text import texts_in
from scheduling.commands.arguments import faults_of_arguments
from scheduling.commands.faults import NotFound
from scheduling.commands.secrets import Rules, check_secrets, rules_for
from scheduling.slots.due import spec_of
from scheduling.slots.spec import next_slot


def _shown(kind: Any) -> Any:
    """The kind of a field of the definition without its bounds: what an older release has stored is shown as it is."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if kind is datetime:
        return Moment
    if get_origin(kind) in (Union, UnionType):
        return Union[tuple(_shown(each) for each in get_args(kind))]  # noqa: UP007 - made at run time
    if get_origin(kind) is list:
        return list[_shown(get_args(kind)[0])]  # type: ignore[misc]
    return kind


_DEFINED: Mapping[str, Any] = {
    name: (_shown(field.annotation), Field(description=field.description))
    for name, field in Definition.model_fields.items()
}
_POLICIES: Mapping[str, Any] = {name: (type(default), ...) for name, default in DEFAULT_POLICIES.items()}
_Shown = create_model(
    "_Shown", id=(UUID, ...), name=(str, ...), **{**_DEFINED, **_POLICIES, "cron": (str | list[str] | None, ...)}
)


class LastRun(BaseModel):
    """The newest run of a schedule that was not skipped."""

    id: UUID
    state: State
    due_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class ScheduleJson(_Shown):
    """A schedule. The retry and time policies are those that hold, be they its own, the actor's or the defaults."""

    source: str
    declared_by: str | None = Field(description="Which release, and which worker, has declared it in code as it is.")
    version: int
    created_at: Moment
    updated_at: Moment
    paused_at: Moment | None
    paused_until: Moment | None
    pause_reason: str | None
    paused_by: str | None
    cursor_at: Moment
    next_due_at: Moment | None
    error: str | None
    held_back: str | None = Field(description="Why nothing of it is planned for a while.")
    slots_run: int
    consecutive_failures: int
    last_run: LastRun | None
    warnings: list[str]


class SchedulePage(BaseModel):
    """Schedules by name."""

    items: list[ScheduleJson]
    next: str | None
    count: CountJson | None = Field(default=None, exclude_if=is_none, description="Only where it was asked for.")


def schedule_or_404(connection: sa.Connection, name: str) -> StoredSchedule:
    """The schedule of that name. Raises NotFound."""
    row = get_schedule(connection, name)
    if row is None:
        raise NotFound("schedule")
    return row


def show_schedules(connection: sa.Connection, rows: Sequence[StoredSchedule]) -> list[ScheduleJson]:
    """Schedules as JSON, each with its last run."""
    latest = last_runs(connection, [row.id for row in rows])
    secrets = known_secrets(connection) if any(secrets_in(texts_in(row.args)) for row in rows) else None
    rules = rules_for(connection, (row.args for row in rows))
    return [_show(row, latest.get(row.id), secrets, rules) for row in rows]


def entity_tag(row: StoredSchedule) -> str:
    """The ETag of a definition. The id is in it, as a deleted name may come again with the same version."""
    return f'"{row.id.hex[:12]}-{row.version}"'


def _show(row: StoredSchedule, last_run: sa.Row[Any] | None, secrets: Set[str] | None, rules: Rules) -> ScheduleJson:
    columns = dict(row)
    for name in DEFAULT_POLICIES:
        columns[name] = effective_policy(name, columns[name], row.actor_options)
    columns["cron"] = row.cron[0] if row.cron and len(row.cron) == 1 else row.cron
    columns["next_due_at"] = _next_slot(row)
    columns["last_run"] = LastRun(**last_run._mapping) if last_run else None
    columns["warnings"] = list(_warnings(row, secrets, rules))
    return ScheduleJson(**columns)


def _next_slot(row: StoredSchedule) -> datetime | None:
    """The slot that is due next by itself; while paused, the first after the end of the pause."""
    if row.error is not None:
        return None
    if row.paused_until is None and row.held_back is None:
        return row.next_due_at
    try:
        return next_slot(spec_of(row), row.paused_until or row.cursor_at)
    except (ValueError, OverflowError):
        return None


def _warnings(row: StoredSchedule, secrets: Set[str] | None, rules: Rules) -> Iterator[str]:
    """What keeps its runs from going well, as things stand. `secrets` are those of the workers, None if not known, and
    `rules` who may use them."""
    if not row.actor_announced:
        yield f"no worker has announced the actor {row.actor!r}; its runs wait until one does"
    if row.held_back is not None:
        yield f"nothing of it is planned for now: {row.held_back}"
    if faults := faults_of_arguments(row.actor_parameters or {}, row.args):
        yield f"its arguments do not fit the actor {row.actor!r} as it is now: {in_words(faults)}"
    for name in secrets_in(texts_in(row.args)):
        if secrets is not None and name not in secrets:
            yield f"no worker has the secret {name}: its runs fail until the environment of one has it"
    if refused := check_secrets(rules, row.actor, row.args):
        yield f"its runs fail, as a secret is kept from them: {in_words(refused)}"
    has_spec = row.cron or row.every_seconds or row.at
    if has_spec and row.paused_at is None and row.error is None and row.next_due_at is None:
        yield "no slot is left: it will only run when triggered"
