"""Who may do what, and who did what: tokens and the audit."""

from typing import Any

import click

from api.cli.failures import MISSING, Failure
from api.cli.groups import command
from api.cli.remote.client import connect, path_of
from api.cli.remote.options import limit_option, since, until
from api.cli.shell import Shell
from api.cli.show import Column, Item, show_list, show_one
from api.cli.times import When


def _say_only(token: Item) -> str:
    only = token["only"]
    if not only:
        return ""
    prefix = [f"{only['prefix']}*"] if only.get("prefix") else []
    return ", ".join(prefix + [f"#{tag}" for tag in only.get("tags") or ()])


_TOKENS = (
    Column("NAME", "name", whole=True),
    Column("ROLE", "role"),
    Column("ONLY", _say_only),
    Column("ENDS IN", lambda token: f"…{token['last_four']}", spare=3),
    Column("MADE BY", "created_by", spare=4),
    Column("EXPIRES", "expires_at", "instant", spare=1),
    Column("USED", "last_used_at", "instant", spare=2),
    Column("ID", "id", whole=True),
)
_AUDIT = (
    Column("AT", "at", "instant", whole=True),
    Column("WHO", "who"),
    Column("ROLE", "role", spare=1),
    Column("ACTION", "action"),
    Column("TARGET", "target"),
    Column("REASON", "reason"),
)


@command()
@click.argument("name")
@click.option("--role", type=click.Choice(["viewer", "operator", "editor", "admin"]), required=True)
@click.option("--expires", "expires_at", type=When(ahead=True), help="In 90d, or at an instant.")
@click.option("--prefix", help="Only schedules whose names begin so, and their runs.")
@click.option("--tag", "tags", multiple=True, help="Only schedules with this tag; several: with any of them.")
def create(
    shell: Shell, name: str, role: str, expires_at: str | None, prefix: str | None, tags: tuple[str, ...]
) -> None:
    """Make a token. It alone is printed, this once: TOKEN=$(callsheet tokens create ci --role operator)"""
    body: dict[str, Any] = {"name": name, "role": role}
    if expires_at:
        body["expires_at"] = expires_at
    if prefix or tags:
        body["only"] = ({"prefix": prefix} if prefix else {}) | ({"tags": list(tags)} if tags else {})
    made = connect(shell).post("/v1/tokens", body)
    if shell.output in ("table", "name"):
        shell.say(f"{made['name']} is {made['role']}; keep its token, it is shown this once:")
        print(made["token"])
    else:
        show_one(shell, made)


@command("list")
@limit_option("all")
def list_tokens(shell: Shell, limit: int | None) -> None:
    """List the tokens that hold, or have expired, by name."""
    show_list(shell, connect(shell).pages("/v1/tokens", limit), _TOKENS)


@command()
@click.argument("tokens", nargs=-1, required=True, metavar="ID|NAME...")
def revoke(shell: Shell, tokens: tuple[str, ...]) -> None:
    """Revoke tokens, by id or by name: they hold no more from now on."""
    client = connect(shell)
    known = list(client.pages("/v1/tokens", None))
    for wanted in tokens:
        found = next((each for each in known if wanted in (each["id"], each["name"])), None)
        if found is None:
            raise Failure(f"there is no token {wanted}", MISSING)
        client.call("DELETE", path_of("tokens", found["id"]))
        shell.say(f"revoked {found['name']}")


@command()
@click.option("--who", help="A token's name, a person's, or callsheet for what it does by itself.")
@click.option("--action", help="Such as schedule.update.")
@click.option("--target", help="A path such as schedules/nightly: itself, and what is below it.")
@since
@until
@limit_option("50")
def audit(shell: Shell, limit: int | None, **filters: str | None) -> None:
    """List who did what, newest first."""
    show_list(shell, connect(shell).pages("/v1/audit", limit, **filters), _AUDIT, "id")
