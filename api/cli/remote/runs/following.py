"""Wait for the end of a run, and print what it prints meanwhile."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

from api.cli.failures import FAILED, SERVER, Ended, Failure
from api.cli.remote.client import Client, id_path
from api.cli.remote.runs.listing import say_why
from api.cli.remote.runs.status import StatusLine
from api.cli.shell import Shell
from api.cli.show import printable

ENDED = ("succeeded", "failed", "cancelled", "skipped")
PATIENCE_SECONDS = 60
"""A server that restarts is no reason to give up the wait."""

LONGEST_PAUSE, FOLLOWING_PAUSE = 2.0, 1.0
_FIRST_PAUSE = 0.1


def wait_for(client: Client, run: str, timeout: float | None = None) -> dict[str, Any]:
    """The run, once it has ended. Raises Failure once the time is over; the run goes on then."""
    last: dict[str, Any] = {}
    with closing(StatusLine()) as status:
        for last in looks_at(client, run, timeout):
            status.show(last)
    return last


def looks_at(
    client: Client,
    run: str,
    timeout: float | None = None,
    longest_pause: float = LONGEST_PAUSE,
    wait: Callable[[float], object] = time.sleep,
) -> Iterator[dict[str, Any]]:
    """The run again and again, until it has ended; outages of the server are waited out. `wait` passes the time between
    two looks, or less of it."""
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
        wait(pause)
        pause = min(pause * 1.5, longest_pause)


def follow(
    shell: Shell, client: Client, run: str, attempt: int | None = None, timeout: float | None = None
) -> dict[str, Any]:
    """Print what the run prints until it has ended, or an attempt has; the run as it is then."""
    last: dict[str, Any] = {}
    with closing(StatusLine()) as status:
        printed = _Printed(shell, client, run, status)
        for last in looks_at(client, run, timeout, FOLLOWING_PAUSE):
            _patiently(partial(printed.go_on, attempt or last["attempt"]))
            if printed.is_at_line_start:
                status.show(last)
            if attempt and last["attempt"] > attempt:
                break
    return last


def end_as(shell: Shell, run: dict[str, Any]) -> None:
    """End the command as the run has: code 1 unless it has succeeded."""
    if run["state"] != "succeeded":
        why = say_why(run)
        shell.say(printable(f"run {run['id']} was {run['state']}" if not why else f"run {run['id']}: {why}"))
        raise Ended(FAILED)


def _patiently(act: Callable[[], None]) -> None:
    """Do what an outage of the server may interrupt, and what can be done again."""
    began = time.monotonic()
    while True:
        try:
            act()
            return
        except Failure as failure:
            if failure.exit_code != SERVER or time.monotonic() - began > PATIENCE_SECONDS:
                raise
        time.sleep(FOLLOWING_PAUSE)


class _Printed:
    """How much of an attempt's output has been printed."""

    def __init__(self, shell: Shell, client: Client, run: str, status: StatusLine) -> None:
        self._shell = shell
        self._client = client
        self._path = f"{id_path('runs', run)}/output"
        self._status = status
        self._offset: str | None = "0"
        self._text = ""
        self._attempt = 0
        self.is_at_line_start = True

    def go_on(self, attempt: int) -> None:
        """Print what is new, up to what there is of this attempt: of one before the rest comes first."""
        while self._attempt != attempt:
            if self._attempt:
                self._print_rest()
                self._status.clear()
                self._shell.say(f"attempt {self._attempt + 1}")
            self._attempt = self._attempt + 1 if self._attempt else attempt
            self._text = ""
            self._offset = self._offset and "0"
        if self._attempt:
            self._print_rest()

    def _print_rest(self) -> None:
        """A server that can't give the rest gives all."""
        query = {"attempt": self._attempt}
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
        if text:
            self._status.clear()
            self.is_at_line_start = text.endswith("\n") or not sys.stdout.isatty()
        sys.stdout.write(text)
        sys.stdout.flush()
