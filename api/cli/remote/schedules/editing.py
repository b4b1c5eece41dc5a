"""Edit a definition in an editor, and lose neither what somebody else has changed meanwhile nor what was written."""

import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from api.cli.failures import FAILED, USAGE, Failure
from api.cli.groups import command
from api.cli.remote.client import Client, connect, path_of
from api.cli.remote.options import schedule_name
from api.cli.remote.schedules.reading import COLUMNS, warn
from api.cli.shell import Shell, can_ask
from api.cli.show import show_done
from api.cli.yamls import NotYaml, read_yaml, write_yaml

SHOWN_ONLY = frozenset(
    {
        *("id", "name", "source", "declared_by", "version", "created_at", "updated_at", "cursor_at", "next_due_at"),
        *("paused_at", "paused_until", "pause_reason", "paused_by", "error", "held_back", "slots_run"),
        *("consecutive_failures", "last_run", "warnings"),
    }
)
"""What an answer has besides the definition; a test compares it with that."""

_HEAD = """# The definition of {name}. What you change or take out is changed, the rest stays as it is.
# Retry and time policies are those that hold; where nothing is changed they stay the actor's.
"""


class _Refused(Exception):
    """What was written can't be taken; the text is to be changed once more, or kept."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@command()
@schedule_name
def edit(shell: Shell, name: str) -> None:
    """Edit a definition in $VISUAL or $EDITOR, as YAML.

    What somebody else has changed meanwhile is not lost: the edit is refused then, and your text kept in a file.
    """
    client = connect(shell)
    got = client.call("GET", path_of("schedules", name))
    before = {field: value for field, value in got.json.items() if field not in SHOWN_ONLY}
    text = _HEAD.format(name=name) + write_yaml(before)
    while True:
        edited = _in_editor(text, name)
        try:
            patch = _patch(before, edited)
            if not patch:
                shell.say("nothing was changed")
                return
            changed = _send(client, name, got.headers.get("etag", "*"), patch)
            break
        except _Refused as refused:
            if refused.code == FAILED or edited == text or not can_ask():
                raise Failure(f"{refused}. Your text is in {_keep(edited, name)}", refused.code) from None
            shell.say(f"{refused}.")
            if not click.confirm("Edit again?", default=True, err=True):
                raise Failure(f"nothing was changed. Your text is in {_keep(edited, name)}") from None
            text = edited
    show_done(shell, [changed], COLUMNS)
    warn(shell, changed)


def merge_patch_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch (RFC 7396) that makes one of the other; None is what a field becomes that is gone."""
    patch: dict[str, Any] = {name: None for name in before if name not in after and before[name] is not None}
    for name, value in after.items():
        old = before.get(name)
        if name in before and _is_same(old, value):
            continue
        patch[name] = merge_patch_between(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return patch


def _patch(before: Mapping[str, Any], text: str) -> dict[str, Any]:
    """What the text changes; nothing, where it was emptied. Raises _Refused for what is no definition."""
    try:
        after = read_yaml(text)
    except NotYaml as error:
        raise _Refused(f"this is no YAML: {error}", USAGE) from None
    if after is None:
        return {}
    if not isinstance(after, dict):
        raise _Refused("this is no definition: fields with their values", USAGE)
    patch = merge_patch_between(before, after)
    if _has_null(patch.get("args")) and _has_null(after.get("args")):
        raise _Refused("null among the arguments can't be told from one that is taken out", USAGE)
    return patch


def _send(client: Client, name: str, tag: str, patch: Mapping[str, Any]) -> Any:
    try:
        return client.call("PATCH", path_of("schedules", name), body=patch, headers={"If-Match": tag}).json
    except Failure as failure:
        if failure.status == 412:
            raise _Refused(
                f"{name} was changed by somebody else meanwhile, and nothing of yours is lost", FAILED
            ) from None
        raise _Refused(failure.message, failure.exit_code) from None


def _is_same(one: Any, other: Any) -> bool:
    """Whether they are the same to the API; to Python 1 and true are, too."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _has_null(value: Any) -> bool:
    return isinstance(value, dict) and any(each is None or _has_null(each) for each in value.values())


def _in_editor(text: str, name: str) -> str:
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        if not can_ask():
            raise Failure("no editor is set: set EDITOR, or use `callsheet schedules set`", USAGE)
        editor = "vi"
    with tempfile.TemporaryDirectory(prefix="callsheet-") as folder:
        path = Path(folder) / f"{name.replace('/', '_')}.yaml"
        path.write_text(text, encoding="utf-8")
        try:
            with _ctrl_c_is_the_editors():
                ended = subprocess.run([*shlex.split(editor), str(path)], check=False)
        except (OSError, ValueError) as error:
            raise Failure(f"can't start the editor {editor}: {error}", USAGE) from None
        edited = path.read_text(encoding="utf-8", errors="replace") if path.exists() else text
    if ended.returncode:
        kept = "" if edited == text else f". Your text is in {_keep(edited, name)}"
        raise Failure(f"the editor ended with {ended.returncode}: nothing was changed{kept}")
    return edited


@contextmanager
def _ctrl_c_is_the_editors() -> Iterator[None]:
    """A terminal tells all that it has started of Ctrl-C. An editor makes of it what it likes; we wait for its end."""
    before = signal.signal(signal.SIGINT, lambda _signum, _frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _keep(text: str, name: str) -> Path:
    handle, path = tempfile.mkstemp(prefix=f"callsheet-{name.replace('/', '_')}-", suffix=".yaml")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(path)
