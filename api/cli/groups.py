"""How the command line is put together: groups that import a command once it is called, and what all commands share."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import Any, TextIO

import click

from api.cli.failures import FAILED, INTERRUPTED, PIPE_CLOSED, SERVER, USAGE, Ended, Failure
from api.cli.shell import Shell
from api.cli.tree import Branch, Leaf, Tree


class Group(click.Group):
    """Commands of a tree. Their help is the tree's, so that a list of them imports none."""

    def __init__(self, name: str, about: str, tree: Tree, default: str | None = None, **rest: Any) -> None:
        rest = {"params": common_options(), "context_settings": {"help_option_names": ["-h", "--help"]}} | rest
        super().__init__(name, help=about, **rest)
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; for one that is not there, those that it may have been."""
        near = get_close_matches(args[0], self._tree)
        if args[0] not in self._tree and near and not ctx.resilient_parsing:
            ctx.fail(f"No such command '{args[0]}'. Did you mean {' or '.join(near)}?")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a command it is the default one; its options may follow the noun."""
        if self._default and not ctx.resilient_parsing and self._says_no_command(args):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def _says_no_command(self, args: list[str]) -> bool:
        return not args or (args[0].startswith("-") and not {"-h", "--help", *self._tree} & set(args))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The names with their help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.about) for name, each in self._tree.items()])


class Root(Group):
    """`callsheet` itself: each way to end has its exit code, and none a traceback."""

    def __init__(self, name: str, about: str, tree: Tree) -> None:
        version = click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_say_version,
            help="Say which this is.",
        )
        super().__init__(name, about, tree, params=[*common_options(), version])

    def main(self, *args: Any, standalone_mode: bool = True, **extra: Any) -> Any:
        """Run the command line, and exit."""
        run: Any = super().main
        extra = {"prog_name": "callsheet"} | extra
        if not standalone_mode:
            return run(*args, standalone_mode=False, **extra)
        _open_streams()
        sys.exit(_run(lambda: run(*args, standalone_mode=False, **extra)))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Who reads its output may leave early."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _forget(sys.stdout)
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


def _say_version(ctx: click.Context, _param: click.Parameter, is_asked: bool) -> None:
    if is_asked and not ctx.resilient_parsing:
        from importlib.metadata import version  # for this alone

        click.echo(f"callsheet {version('callsheet')}")
        ctx.exit()


def _open_streams() -> None:
    """What was closed by whoever started us leads nowhere; what a terminal's encoding has not is no reason to fail."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as we are there
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _run(call: Callable[[], Any]) -> int:
    try:
        code = _code_of(call)
        sys.stderr.flush()
    except BrokenPipeError:  # nobody hears what there is to say
        _forget(sys.stderr)
        return PIPE_CLOSED
    return code


def _code_of(call: Callable[[], Any]) -> int:
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
    except UnicodeEncodeError:
        Failure("what was given is not UTF-8").show()
        return USAGE
    except OSError as error:  # of this machine: those of the way to the server are failures
        Failure(f"{error.filename or 'what was to be written'}: {error.strerror or error}").show()
        _forget(sys.stdout)
        return FAILED
    except Exception as error:  # noqa: BLE001 - a fault of ours, which is no reason to show anybody a traceback
        Failure(f"something unexpected happened, which is a fault of callsheet's: {_place_of(error)}").show()
        return SERVER
    return code if isinstance(code, int) else 0


def _forget(stream: TextIO) -> None:
    """What could not be written is not tried again when Python ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _place_of(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}: {error}{place}"
