"""How a command ends that did not do what it was asked to: a sentence on stderr, and an exit code."""

import click

FAILED = 1
"""What was asked for was done, and it failed; or it was refused as things stand."""
USAGE = 2
SERVER = 3
DENIED = 4
MISSING = 5
SETTINGS = 78
INTERRUPTED = 130
PIPE_CLOSED = 141
"""As of a program that a closed pipe has ended: `callsheet … | head`."""


class Failure(click.ClickException):
    """Ends the command with a message and one of the codes above; `status` is HTTP's, where that was the cause."""

    def __init__(self, message: str, code: int = FAILED, status: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]
        self.status = status


class Ended(Exception):
    """Ends the command with a code; what there is to say has been said."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
