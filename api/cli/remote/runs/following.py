"""Wait for the end of a run, and print what it prints meanwhile."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from api.cli.failures import FAILED, SERVER, Ended, Failure
from api.cli.remote.client import Client, id_path
from api.cli.remote.runs.listing import say_why
from api.cli.shell import Shell
from api.cli.show import printable

ENDED = ("succeeded", "failed", "cancelled", "skipped")
PATIENCE_SECONDS = 60
"""A server that restarts is no reason to give up the wait."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


def wait_for(client: Client, run: str, timeout: float | None = None) -> dict[str, Any]:
    """The run, once it has ended. Raises Failure once the time is over; the run goes on then."""
    *_, last = looks_at(client, run, timeout)
    return last


def looks_at(client: Client, run: str, timeout: float | None = None) -> Iterator[dict[str, Any]]:
    """The run again and again, until it has ended; outages of the server are waited out."""
    deadline = None if timeout is None else time.monotonic() + timeout
    pause = _FIRST_PAUSE
    answered = time.monotonic()
    while True:
        try:
            found: dict[str, Any] = client.get(id_path("runs", run))
            answered = time.monotonic()
            yield found
            if found["state"] in ENDED:
                return
        except Failure as failure:
            if failure.exit_code != SERVER or time.monotonic() - answered > PATIENCE_SECONDS:
                raise
        if deadline is not None and time.monotonic() + pause > deadline:
            raise Failure(f"run {run} has not ended within {timeout:g} seconds; it goes on")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def follow(
    shell: Shell, client: Client, run: str, attempt: int | None = None, timeout: float | None = None
) -> dict[str, Any]:
    """Print what the run prints until it has ended, or an attempt has; the run as it is then."""
    printed = _Printed(client, run)
    last: dict[str, Any] = {}
    for last in looks_at(client, run, timeout):
        number = attempt or last["attempt"]
        if number and number != printed.attempt:
            if printed.attempt:
                shell.say(f"attempt {number}")
            printed.begin(number)
        printed.go_on()
        if attempt and last["attempt"] > attempt:
            break
    return last


def end_as(shell: Shell, run: dict[str, Any]) -> None:
    """End the command as the run has: code 1 unless it has succeeded."""
    if run["state"] != "succeeded":
        why = say_why(run)
        shell.say(printable(f"run {run['id']} was {run['state']}" if not why else f"run {run['id']}: {why}"))
        raise Ended(FAILED)


class _Printed:
    """How much of an attempt's output has been printed."""

    def __init__(self, client: Client, run: str) -> None:
        self._client = client
        self._path = f"{id_path('runs', run)}/output"
        self._offset: str | None = "0"
        self._text = ""
        self.attempt = 0

    def begin(self, attempt: int) -> None:
        """From the beginning of an attempt on."""
        self.attempt = attempt
        self._text = ""
        self._offset = self._offset and "0"

    def go_on(self) -> None:
        """Print what is new. A server that can't give the rest gives all."""
        if not self.attempt:
            return
        query = {"attempt": self.attempt}
        if self._offset is not None:
            try:
                answer = self._client.call("GET", self._path, query=query | {"after": self._offset})
            except Failure as failure:
                if failure.status != 422:
                    raise
                self._offset = None
            else:
                self._offset = answer.headers.get("callsheet-output-offset", self._offset)
                self._print(answer.text)
                return
        text = self._client.call("GET", self._path, query=query).text
        self._print(text[len(self._text) :] if text.startswith(self._text) else text)
        self._text = text

    def _print(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
