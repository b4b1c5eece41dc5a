"""What stands against a command: faults in what was asked for, or how things are."""

from collections.abc import Iterable

from models.words.faults import Fault, in_words
from models.words.states import State


class Refused(Exception):
    """What was asked for can't be; `faults` says all that is wrong with it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__(in_words(self.faults))


class Conflict(Exception):
    """How things are forbids it: `state` is the run's, where that is what does."""

    def __init__(self, message: str, state: State | None = None) -> None:
        super().__init__(message)
        self.state = state


class NotFound(Exception):
    """There is no such thing: `what` is its kind."""

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no such {what}")
