"""Files: apply them, show what is different, look through them, export one."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import click

from api.cli.failures import FAILED, USAGE, Ended, Failure
from api.cli.files.looking import by_source, faults_in
from api.cli.files.reading import read_document
from api.cli.files.writing import write_file
from api.cli.groups import command
from api.cli.remote.client import connect
from api.cli.shell import Shell
from api.cli.show import printable, show_each

F = TypeVar("F", bound=Callable[..., Any])

_files = click.argument("files", nargs=-1, required=True, metavar="FILE...")
_prune = click.option("--prune", is_flag=True, help="Delete what belongs to a file's source and is not in it any more.")
_adopt = click.option("--adopt", is_flag=True, help="Take over what belongs to other sources.")


@command()
@_files
@_prune
@_adopt
@click.option("--dry-run", is_flag=True, help="Only say what it would do.")
def apply(shell: Shell, files: tuple[str, ...], prune: bool, adopt: bool, dry_run: bool) -> None:
    """Bring schedules to what files say: of each source all, or nothing. `-` is stdin."""
    _apply(shell, files, {"prune": prune, "adopt": adopt, "dry_run": dry_run})


@command()
@_files
@_prune
@_adopt
def diff(shell: Shell, files: tuple[str, ...], prune: bool, adopt: bool) -> None:
    """Show what applying files would change. Exits with 1 if that is anything."""
    if _apply(shell, files, {"prune": prune, "adopt": adopt, "dry_run": True}):
        raise Ended(FAILED)


@command()
@_files
def validate(shell: Shell, files: tuple[str, ...]) -> None:
    """Look through files without a server: what is wrong with them, with file and line."""
    documents = [read_document(path) for path in files]
    if faults := faults_in(documents):
        raise Failure("\n".join(map(printable, faults)), USAGE)
    count = sum(len(document.content.get("schedules") or {}) for document in documents)
    shell.say(f"{count} {_plural(count)}, nothing wrong with {'it' if count == 1 else 'them'} as far as a file tells")


@command()
@click.option("--source", help="Only those of this source.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--prefix", help="Only those whose names begin so.")
def export(shell: Shell, **filters: str | None) -> None:
    """Print schedules as a file that can be applied: TOML, with -o yaml or json those."""
    exported = connect(shell).get("/v1/export", **filters)
    if shell.output == "json":
        print(json.dumps(exported, ensure_ascii=False, indent=2))
        return
    if shell.output not in ("table", "yaml"):
        raise Failure(f"a file is no {shell.output}: there are TOML, -o yaml and -o json", USAGE)
    kind = "yaml" if shell.output == "yaml" else "toml"
    print(write_file(exported["source"], exported["schedules"], kind, exported.get("channels")), end="")


def _apply(shell: Shell, files: tuple[str, ...], how: Mapping[str, bool]) -> bool:
    """Apply files, and show what that changes; whether it is anything, or would be refused."""
    bodies = by_source([read_document(path) for path in files])
    client = connect(shell)
    done = []
    for body in bodies:
        done.append(client.post("/v1/apply", {**body, **how}))
        if shell.output == "table":
            for line in _lines(done[-1]):
                print(printable(line))
            shell.say(_sum(body["source"], done[-1], is_dry=how["dry_run"]))
    if shell.output == "name":
        for each in (entry for answer in done for what in _WRITES for entry in answer[what]):
            print(printable(f"{each['kind']}s/{each['name']}"))
    elif shell.output != "table":
        show_each(shell, done)
    return any(answer[what] for answer in done for what in (*_WRITES, "conflicts"))


_WRITES = ("create", "update", "delete")


def _lines(answer: Mapping[str, Any]) -> Iterator[str]:
    for each in answer["create"]:
        yield f"+ {each['name']}"
    for each in answer["update"]:
        yield f"~ {each['name']}"
        for change in each["changes"]:
            yield f"    {change['field']}: {_say(change['before'])} -> {_say(change['after'])}"
    for each in answer["delete"]:
        yield f"- {each['name']}"
    for each in answer["conflicts"]:
        yield f"! {each['name']} belongs to {each['source']}"


def _say(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _sum(source: str, answer: Mapping[str, Any], *, is_dry: bool) -> str:
    verbs = ("to create", "to update", "to delete") if is_dry else ("created", "updated", "deleted")
    counts = ", ".join(f"{len(answer[what])} {verb}" for what, verb in zip(_WRITES, verbs, strict=True))
    conflicts = f", {len(answer['conflicts'])} in conflict: it would be refused" if answer["conflicts"] else ""
    return printable(f"{source}: {counts}, {answer['unchanged']} unchanged{conflicts}")


def _plural(count: int) -> str:
    return "schedule" if count == 1 else "schedules"
