"""What is to come: over all schedules, or of an expression that is not stored anywhere."""

from typing import Any

import click

from api.cli.failures import USAGE, Failure
from api.cli.groups import command
from api.cli.remote.client import connect
from api.cli.remote.completion import complete_actors, complete_queues
from api.cli.remote.options import limit_option
from api.cli.shell import Shell
from api.cli.show import Column, show_list, show_one
from api.cli.times import Span, When

_NEXT = (
    Column("DUE", "due_at", "instant", whole=True),
    Column("SCHEDULE", "schedule", whole=True),
    Column("ACTOR", "actor", spare=1),
    Column("LOCAL", "local", whole=True, spare=2),
    Column("REMARK", "remark"),
)
_PREVIEW = (
    Column("SLOT", "slot_at", "instant", whole=True),
    Column("LOCAL", "local", whole=True),
    Column("REMARK", "remark"),
)


@command("next")
@click.option("--since", type=When(ahead=True), is_eager=True, help="From when on; now, if not given.")
@click.option("--until", type=When(ahead=True), help="Up to when: 8h, 06:00 or an instant.")
@click.option("--actor", shell_complete=complete_actors)
@click.option("--tag")
@click.option("--queue", shell_complete=complete_queues)
@limit_option("100")
def next_runs(shell: Shell, limit: int | None, **filters: str | None) -> None:
    """List what is to run next, over all schedules, by time: callsheet next --until 06:00"""
    show_list(shell, connect(shell).pages("/v1/upcoming", limit, **filters), _NEXT, "schedule")


@command()
@click.argument("expressions", nargs=-1, metavar="[EXPR]...")
@click.option("--every", "every_seconds", type=Span(), help="In place of an expression: 90s, 5m or 2h.")
@click.option("--at", type=When(ahead=True), help="In place of an expression: an instant.")
@click.option("--tz", "--timezone", "timezone", metavar="ZONE", help="Such as Europe/Berlin.")
@click.option("--after", type=When(ahead=True), help="From when on; now, if not given.")
@click.option("--count", "-n", type=click.IntRange(1, 500), default=10, show_default=True)
def preview(shell: Shell, expressions: tuple[str, ...], **given: Any) -> None:
    """Show when a cron expression, or several together, would fire, and say it in words. Nothing is stored."""
    body = {name: value for name, value in given.items() if value is not None}
    if expressions:
        body["cron"] = list(expressions)
    if sum(name in body for name in ("cron", "every_seconds", "at")) != 1:
        raise Failure("give a cron expression in quotes, or --every, or --at", USAGE)
    answer = connect(shell).post("/v1/preview", body)
    if shell.output in ("json", "yaml"):
        show_one(shell, answer)
        return
    for remark in (answer["words"], *answer["warnings"]):
        if remark:
            shell.say(remark)
    show_list(shell, answer["slots"], _PREVIEW, "slot_at")
