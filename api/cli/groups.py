"""How the command line is put together: groups that import a command once it is called, and what all commands share."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from api.cli.failures import INTERRUPTED, PIPE_CLOSED, SERVER, USAGE, Ended, Failure
from api.cli.shell import Shell
from api.cli.tree import Branch, Leaf, Tree


class Group(click.Group):
    """Commands of a tree. Their help is the tree's, so that a list of them imports none."""

    def __init__(self, name: str, about: str, tree: Tree, default: str | None = None, **rest: Any) -> None:
        super().__init__(name, help=about, params=common_options(), **rest)
        self._tree = tree
        self._default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the tree."""
        return list(self._tree)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        match self._tree.get(cmd_name):
            case Leaf(where=where):
                module, _, attribute = where.partition(":")
                command = getattr(import_module(module), attribute)
                assert isinstance(command, click.Command)
                return command
            case Branch(about=about, commands=commands, default=default):
                return Group(cmd_name, about, commands, default)
        return None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a command it is the default one; its options may follow the noun."""
        if self._default and not ctx.resilient_parsing and self._says_no_command(args):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def _says_no_command(self, args: list[str]) -> bool:
        return not args or (args[0].startswith("-") and not {"--help", *self._tree} & set(args))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The names with their help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.about) for name, each in self._tree.items()])


class Root(Group):
    """`callsheet` itself: each way to end has its exit code, and none a traceback."""

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command line, and exit."""
        run: Any = super().main
        extra = {"prog_name": "callsheet"} | extra
        if not standalone_mode:
            return run(*args, standalone_mode=False, **extra)
        sys.exit(_run(lambda: run(*args, standalone_mode=False, **extra)))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Who reads its output may leave early."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise Ended(PIPE_CLOSED) from None
        return answer


class Command(click.Command):
    """A command that shows something: how it is shown, and which callsheet is asked, may be said behind its name."""

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.params += common_options()


def command(name: str | None = None, **given: Any) -> Callable[[Callable[..., Any]], Command]:
    """A command that is given the `Shell` first."""

    def decorate(function: Callable[..., Any]) -> Command:
        return click.command(name, cls=Command, **given)(click.pass_obj(function))

    return decorate


def common_options() -> list[click.Parameter]:
    """What every command and group takes; the one nearest to the end counts."""
    return [
        _option(
            "-o", "--output", type=click.Choice(["table", "json", "jsonl", "yaml", "name"]), help="How to show it."
        ),
        _option("--time", type=click.Choice(["relative", "local", "utc"]), help="How tables show instants."),
        _option("--color", type=click.Choice(["auto", "always", "never"]), help="Colours; auto: on a terminal."),
        _option("--url", metavar="URL", help="Which callsheet; else CALLSHEET_URL, or the profile's."),
        _option("--profile", metavar="NAME", help="One of those kept by `callsheet login`."),
    ]


def _option(*names: str, **given: Any) -> click.Option:
    return click.Option(names, expose_value=False, callback=_note, **given)


def _note(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value is not None and param.name is not None:
        setattr(ctx.ensure_object(Shell), param.name, value)
    else:
        ctx.ensure_object(Shell)


def _run(call: Callable[[], Any]) -> int:
    try:
        code = call()
    except click.Abort:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return USAGE
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Ended as ended:
        return ended.code
    except OSError as error:
        Failure(f"{error.filename or 'the system'}: {error.strerror or error}").show()
        return SERVER
    except Exception as error:  # noqa: BLE001 - a fault of ours, which is no reason to show anybody a traceback
        Failure(f"something unexpected happened, which is a fault of callsheet's: {_place_of(error)}").show()
        return SERVER
    return code if isinstance(code, int) else 0


def _place_of(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}: {error}{place}"
