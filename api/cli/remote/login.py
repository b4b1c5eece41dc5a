"""Keep the address and the token of a callsheet, and forget them."""

import sys

import click

from api.cli.failures import MISSING, USAGE, Failure
from api.cli.groups import command
from api.cli.remote.client import Client
from api.cli.remote.wire.profiles import (
    DEFAULT,
    DEFAULT_URL,
    Target,
    check_url,
    profiles_path,
    read_profiles,
    write_profiles,
)
from api.cli.shell import Shell, can_ask


@command()
@click.argument("address", required=False, metavar="[URL]", envvar="CALLSHEET_URL")
@click.option("--with-token", is_flag=True, help="Read the token from stdin.")
def login(shell: Shell, address: str | None, with_token: bool) -> None:
    """Keep the address and the token of a callsheet for later commands, in a file that only you can read.

    \b
    callsheet login https://callsheet.example.com
    callsheet login https://callsheet.example.com --profile live --with-token < token.txt
    """
    name = shell.profile or DEFAULT
    url = check_url(shell.url or address or _ask_address())
    target = Target(url, _read_token(with_token))
    me = Client(target).get("/v1/me")
    write_profiles(read_profiles(shell) | {name: target})
    shell.say(f"signed in to {url} as {me['name']} ({me['role']}), kept in {profiles_path()}")
    if name != DEFAULT:
        shell.say(f"commands use it with --profile {name}")


@command()
@click.option("--all", "everything", is_flag=True, help="All profiles.")
def logout(shell: Shell, everything: bool) -> None:
    """Forget the address and the token. The token itself holds on: `callsheet tokens revoke` ends it."""
    if everything:
        write_profiles({})
        shell.say("all profiles are forgotten")
        return
    profiles = read_profiles(shell)
    name = shell.profile or DEFAULT
    if name not in profiles:
        raise Failure(f"there is no profile {name}", MISSING)
    target = profiles.pop(name)
    write_profiles(profiles)
    shell.say(f"{target.url} is forgotten; its token holds until it is revoked")


def _ask_address() -> str:
    if not can_ask():
        raise Failure("without a terminal nobody can be asked: say the address, callsheet login URL", USAGE)
    answer: str = click.prompt("Address", default=DEFAULT_URL, err=True)
    return answer


def _read_token(from_stdin: bool) -> str:
    if from_stdin:
        token = sys.stdin.readline().strip()
    elif can_ask():
        token = click.prompt("Token", hide_input=True, err=True).strip()
    else:
        raise Failure("without a terminal nobody can be asked: give the token on stdin, --with-token < FILE", USAGE)
    if not token:
        raise Failure("no token was given", USAGE)
    return token
