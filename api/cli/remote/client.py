"""The client: asks a callsheet over HTTP, and says in a sentence what went wrong.

It stands on the standard library: what a command imports is what its user waits for.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import click

from api.cli.failures import MISSING, SERVER, USAGE, Failure
from api.cli.remote.wire.connection import Connection
from api.cli.remote.wire.problems import failure_of
from api.cli.remote.wire.profiles import Target, target_of
from api.cli.shell import Shell

PAGE = 500
TIMEOUT_SECONDS = 30

_ID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Answer:
    """A successful answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        """What it says."""
        try:
            return json.loads(self.data)
        except ValueError:
            raise Failure("the answer is no JSON: is this the address of a callsheet?", SERVER) from None

    @property
    def text(self) -> str:
        """What it says, as text."""
        return self.data.decode("utf-8", "replace")


class Client:
    """Asks one callsheet. Every answer but a success raises Failure, with the exit code of its kind."""

    def __init__(self, target: Target, timeout: float = TIMEOUT_SECONDS) -> None:
        self._target = target
        self._connection = Connection(target.url, timeout)

    def close(self) -> None:
        """Close the connection; the next call would open another."""
        self._connection.close()

    def get(self, path: str, **query: Any) -> Any:
        """What is at a path."""
        return self.call("GET", path, query=query).json

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Ask for something to be done."""
        return self.call("POST", path, body={} if body is None else body, headers=headers).json

    def pages(self, path: str, limit: int | None, **query: Any) -> Iterator[dict[str, Any]]:
        """The items of a list, page by page, up to a number or all."""
        left = limit
        cursor = None
        while True:
            size = PAGE if left is None else min(PAGE, left)
            page = self.get(path, **query, limit=size, cursor=cursor)
            items = page["items"][:size]
            yield from items
            left = None if left is None else left - len(items)
            cursor = page.get("next")
            if cursor is None or left == 0:
                return

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a call."""
        if asked := _query(query or {}):
            path = f"{path}?{asked}"
        sent = {"Accept": "application/json, application/problem+json, text/plain", "User-Agent": "callsheet-cli"}
        if self._target.token is not None:
            sent["Authorization"] = f"Bearer {_visible(self._target.token)}"
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = MERGE_PATCH if method == "PATCH" else "application/json"
        status, given, data = self._connection.send(method, path, content, sent | dict(headers or {}))
        if status >= 300:
            raise failure_of(self._target, method, path, status, given, data)
        return Answer(status, given, data)


def connect(shell: Shell, timeout: float = TIMEOUT_SECONDS) -> Client:
    """A client of the callsheet that options, environment or profile name, until the command has ended."""
    client = Client(target_of(shell), timeout)
    if context := click.get_current_context(silent=True):
        context.call_on_close(client.close)
    return client


def delete_each(shell: Shell, noun: str, names: Sequence[str], *, yes: bool) -> None:
    """Delete these, once somebody has said so, one after the other."""
    if not yes:
        shell.confirm(f"Delete {', '.join(names)}?")
    client = connect(shell)
    for name in names:
        client.call("DELETE", path_of(noun, name))
        shell.say(f"deleted {name}")


def path_of(*parts: str) -> str:
    """A path below `/v1` of these parts. Raises Failure for what no path can lead to."""
    for part in parts:
        if part in ("", ".", "..") or "/" in part:
            raise Failure(f"there is no {parts[0].removesuffix('s')} {part!r}: no name is like that", MISSING)
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def id_path(noun: str, text: str) -> str:
    """The path of something that has an id. Raises Failure for what can't be one."""
    if not _ID.fullmatch(text):
        raise Failure(f"there is no {noun.removesuffix('s')} {text}: that is no id", MISSING)
    return path_of(noun, text)


def _visible(token: str) -> str:
    if not token.isascii() or not token.isprintable():
        raise Failure("the token holds what no header can", USAGE)
    return token


def _query(given: Mapping[str, Any]) -> str:
    def text(value: Any) -> Any:
        return str(value).lower() if isinstance(value, bool) else value

    wanted = {name: text(value) for name, value in given.items() if value is not None and value != ()}
    return urlencode(wanted, doseq=True)
