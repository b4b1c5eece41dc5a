"""Create, set and delete schedules."""

from typing import Any, TextIO

import click

from api.cli.failures import USAGE, Failure
from api.cli.groups import command
from api.cli.remote.client import connect, delete_each, path_of
from api.cli.remote.completion import complete_actors
from api.cli.remote.options import read_fields, read_json, schedule_name, schedule_names, yes
from api.cli.remote.schedules.reading import COLUMNS, warn
from api.cli.shell import Shell
from api.cli.show import show_done
from api.cli.times import Span, When

_fields = click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")


@command()
@click.argument("name")
@_fields
@click.option("--actor", shell_complete=complete_actors)
@click.option("--cron", multiple=True, metavar="EXPR", help="May be given several times: the union counts.")
@click.option("--every", "every_seconds", type=Span(), help="Such as 90s, 5m or 2h.")
@click.option("--at", type=When(ahead=True), help="Once: in 2h, at 06:00, or at an instant.")
@click.option("--timezone", "--tz", metavar="ZONE", help="Such as Europe/Berlin.")
@click.option("--args", "arguments", metavar="JSON", help="The actor's keyword arguments.")
@click.option("--description")
@click.option("--tag", "tags", multiple=True)
@click.option("--paused", is_flag=True, help="It begins paused.")
@click.option("--file", "file", type=click.File(encoding="utf-8"), help="A definition, as YAML or JSON; - is stdin.")
def create(shell: Shell, name: str, fields: tuple[str, ...], file: TextIO | None, **options: Any) -> None:
    """Create a schedule. It never fires by being created.

    What has no option is given as field=value, as for `schedules set`: max_retries=3 args.url=https://example.com/
    """
    body = {**_read(file), **_given(**options), **read_fields(fields), "name": name}
    try:
        created = connect(shell).post("/v1/schedules", body)
    except Failure as failure:
        if failure.status != 409:
            raise
        mend = f"`callsheet schedules set {name}` and `edit` change it"
        raise Failure(f"{failure.message}: {mend}", failure.exit_code, failure.status) from None
    show_done(shell, [created], COLUMNS)
    warn(shell, created)


@command("set")
@schedule_name
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
def set_fields(shell: Shell, name: str, fields: tuple[str, ...]) -> None:
    """Set fields of a schedule: values as JSON where they are that, else as text; null resets one to its default.

    \b
    callsheet schedules set nightly cron='0 3 * * *' max_retries=2 'tags=["crm"]' args.region=eu timezone=null
    """
    changed = connect(shell).call("PATCH", path_of("schedules", name), body=read_fields(fields)).json
    show_done(shell, [changed], COLUMNS)
    warn(shell, changed)


@command()
@schedule_names
@yes
def delete(shell: Shell, names: tuple[str, ...], yes: bool) -> None:
    """Delete schedules. Their runs stay, and those already planned still run."""
    delete_each(shell, "schedules", names, yes=yes)


def _read(file: TextIO | None) -> dict[str, Any]:
    if file is None:
        return {}
    from api.cli.yamls import NotYaml, read_yaml

    try:
        definition = read_yaml(file.read())
    except (NotYaml, UnicodeDecodeError) as error:
        raise Failure(f"{file.name}: {error}", USAGE) from None
    if not isinstance(definition, dict):
        raise Failure(f"{file.name} holds no definition: fields with their values", USAGE)
    return definition


def _given(arguments: str | None, cron: tuple[str, ...], tags: tuple[str, ...], **rest: Any) -> dict[str, Any]:
    given = {name: value for name, value in rest.items() if value is not None and value is not False}
    if arguments is not None:
        given["args"] = read_json(arguments, "--args")
    if cron:
        given["cron"] = list(cron)
    if tags:
        given["tags"] = list(tags)
    return given
