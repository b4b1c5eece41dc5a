"""What a file says, as it is applied and exported."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationInfo

from api.shapes.schedule_body import Name
from api.web.fields import Query, Request, Text, is_none
from models.definition import COLUMNS, Definition
from models.notices.channels import Channel
from models.notices.definition import ChannelDefinition
from models.schedules import StoredSchedule
from models.words.instants import write_instant
from models.words.kinds import NAME_PATTERN
from models.words.values import is_same
from scheduling.commands.channels.edit import columns_of
from scheduling.commands.edit import CODE, PEOPLE

_FILE = "file:"


def _check_source(source: str) -> str:
    if source == CODE:
        raise ValueError("is whose schedules actors declare: name the file otherwise")
    return source.removeprefix(_FILE)


def _check_later(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if given:
        raise ValueError("is not known yet: a later release has it; leave it out")
    return given


def _check_prune(prune: bool, info: ValidationInfo) -> bool:
    if prune and info.data.get("source") == PEOPLE:
        raise ValueError("would delete all that people have made without a file, which is what this source stands for")
    return prune


Source = Annotated[str, Field(pattern=f"^({_FILE})?{NAME_PATTERN.removeprefix('^')}"), AfterValidator(_check_source)]
Prune = Annotated[bool, AfterValidator(_check_prune)]
Later = Annotated[dict[str, Any], AfterValidator(_check_later)]


class FileSchedule(Definition):
    """A schedule in a file. One that is there already is paused and resumed by people, whatever the file says."""

    paused: bool = Field(default=False, description="Paused from the beginning, where the file creates it.")


class ApplyBody(Request):
    """A file, and how far to go."""

    source: Source = Field(description="Whose schedules these are; they then have the source `file:` and this name.")
    schedules: dict[Name, FileSchedule] = Field(default={})
    calendars: Later | None = None
    limits: Later | None = None
    channels: dict[Name, ChannelDefinition] | None = Field(default=None, description="Needs the role `admin`.")
    prune: Prune = Field(default=False, description="Delete what the same source made and does not have any more.")
    adopt: bool = Field(default=False, description="Take over schedules of these names from other sources.")
    dry_run: bool = Field(default=False, description="Only say what it would do.")


class ExportQuery(Query):
    """Which schedules; those that code declares are in code."""

    source: Text | None = None
    tag: Text | None = None
    prefix: Text | None = None


class ExportJson(BaseModel):
    """Schedules as a file has them: what is not the default. For admins, who ask for neither a tag nor a prefix, also
    channels."""

    source: str
    schedules: dict[str, dict[str, Any]]
    channels: dict[str, dict[str, Any]] | None = Field(default=None, exclude_if=is_none)


def show_for_file(row: StoredSchedule) -> dict[str, Any]:
    """The schedule as a file has it."""
    shown = {}
    for column in COLUMNS:
        value, field = getattr(row, column), Definition.model_fields[column]
        if field.is_required() or not is_same(value, field.default):
            shown[column] = _plain(column, value)
    return shown | ({"paused": True} if row.paused_at is not None and row.paused_until is None else {})


def show_channel_for_file(channel: Channel) -> dict[str, Any]:
    """The channel as a file has it."""
    fields, columns = ChannelDefinition.model_fields, columns_of(channel)
    shown = {
        name: columns[name] for name, field in fields.items() if field.is_required() or columns[name] != field.default
    }
    return shown | ({"to": shown["to"][0]} if len(shown.get("to") or ()) == 1 else {})


def _plain(column: str, value: Any) -> Any:
    if column == "cron" and len(value) == 1:
        return value[0]
    return write_instant(value) if hasattr(value, "utcoffset") else value
