"""Shell completion: what makes a shell complete callsheet's words, and names that the server knows."""

from collections.abc import Iterator

import click
from click.shell_completion import get_completion_class

from api.cli.failures import Failure
from api.cli.groups import command
from api.cli.remote.client import connect
from api.cli.shell import Shell

PATIENCE_SECONDS = 1.5
_LOOKED_AT = 5000
_PLACES = {
    "bash": 'eval "$(callsheet completion bash)"  # in ~/.bashrc',
    "zsh": 'eval "$(callsheet completion zsh)"  # in ~/.zshrc',
    "fish": "callsheet completion fish > ~/.config/fish/completions/callsheet.fish",
}


def complete_schedules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of schedules that begin so."""
    given = ctx.params.get(param.name or "") or ()
    found = _names(ctx, "/v1/schedules", incomplete, q=incomplete or None, fields="name")
    return [name for name in found if name not in given]


def complete_queues(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of queues that begin so."""
    return list(_names(ctx, "/v1/queues", incomplete))


def complete_actors(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Names of actors that begin so."""
    return list(_names(ctx, "/v1/actors", incomplete))


def complete_channels(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of channels that begin so."""
    given = ctx.params.get(param.name or "") or ()
    return [name for name in _names(ctx, "/v1/channels", incomplete) if name not in given]


@command()
@click.argument("kind", metavar="bash|zsh|fish", type=click.Choice(list(_PLACES)))
@click.pass_context
def completion(ctx: click.Context, shell: Shell, kind: str) -> None:
    """Print what makes a shell complete callsheet's words, and the names of schedules.

    \b
    eval "$(callsheet completion bash)"  # in ~/.bashrc
    eval "$(callsheet completion zsh)"   # in ~/.zshrc
    callsheet completion fish > ~/.config/fish/completions/callsheet.fish
    """
    found = get_completion_class(kind)
    assert found is not None, "one of click's"
    root = ctx.find_root().command
    print(found(root, {}, "callsheet", "_CALLSHEET_COMPLETE").source())
    if shell.is_coloured():
        shell.say(_PLACES[kind])


def _names(ctx: click.Context, path: str, beginning: str, **query: str | None) -> Iterator[str]:
    """Nobody who presses a key wants to read what went wrong, or to wait for it."""
    shell = ctx.find_object(Shell) or Shell()
    try:
        for item in connect(shell, PATIENCE_SECONDS).pages(path, _LOOKED_AT, **query):
            if item["name"].startswith(beginning):
                yield item["name"]
    except Failure:
        return
