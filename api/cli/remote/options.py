"""Options and arguments that several commands take."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

from api.cli.failures import USAGE, Failure
from api.cli.remote.completion import complete_queues, complete_schedules
from api.cli.times import When

F = TypeVar("F", bound=Callable[..., Any])

STATES = ("planned", "queued", "running", "retrying", "succeeded", "failed", "cancelled", "skipped")
TRIGGERS = ("schedule", "manual", "backfill", "chain", "message")

schedule_name = click.argument("name", shell_complete=complete_schedules)
schedule_names = click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_schedules)
queue_name = click.argument("name", shell_complete=complete_queues)
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
reason = click.option("--reason", help="Why, for those who look at it later.")
until_ahead = click.option("--until", type=When(ahead=True), help="When it ends by itself: 2h, 06:00 or an instant.")
since = click.option("--since", type=When(), is_eager=True, help="From when on: 2h ago, 06:00, or an instant.")
until = click.option("--until", type=When(), help="Up to when; as --since.")


class _Limit(click.ParamType):  # type: ignore[type-arg]
    name = "number|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """0 stands for all."""
        if value == "all":
            return 0
        if not str(value).isdigit() or int(value) < 1:
            self.fail(f"{value!r} is neither a number from 1 on nor `all`", param, ctx)
        return int(value)


def limit_option(default: str) -> Callable[[F], F]:
    """How many items: `--limit N`, `--limit all`, `--all`. The function is given None for all."""

    def decorate(function: F) -> F:
        option = click.option(
            "--limit", type=_Limit(), default=default, show_default=True, help="How many.", callback=_none_for_all
        )
        every = click.option("--all", "limit", flag_value="all", type=_Limit(), help="The same as --limit all.")
        return every(option(function))

    return decorate


def read_json(text: str, what: str) -> Any:
    """JSON that was given. Raises Failure."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise Failure(f"{what} is no JSON: {error}", USAGE) from None


def read_fields(given: tuple[str, ...]) -> dict[str, Any]:
    """`field=value` as a merge patch: values as JSON where they are, else as text; `args.key=value` is below `args`."""
    patch: dict[str, Any] = {}
    for each in given:
        name, equals, text = each.partition("=")
        if not equals or not name:
            raise Failure(f"{each!r} is not of the form field=value", USAGE)
        outer, dot, inner = name.partition(".")
        if dot:
            below = patch.setdefault(outer, {})
            if not isinstance(below, dict):
                raise Failure(f"{outer} and {name} can't both be set", USAGE)
            below[inner] = read_value(text)
        else:
            patch[name] = read_value(text)
    return patch


def read_value(text: str) -> Any:
    """A value as JSON where it is that, else as text."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        return text


def _refuse(constant: str) -> Any:
    """NaN and the like are no JSON, though Python reads them."""
    raise ValueError(constant)


def _none_for_all(_ctx: click.Context, _param: click.Parameter, value: int) -> int | None:
    return value or None
