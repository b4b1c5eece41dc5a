"""A worker that kills itself, once, where it puts a message among the dead letters: before it is there, or after."""

import os
import signal
from pathlib import Path
from typing import Any

from actors.worker.claiming.dead_letters import RabbitDeadLetters

_put = RabbitDeadLetters.put


def put_and_die(self: RabbitDeadLetters, *given: Any) -> None:
    """Put it there, and die, or the other way round, where nobody has died yet."""
    died = Path(os.environ["DIED"])
    is_to_die = not died.exists()
    died.touch()
    if is_to_die and os.environ["DIES"] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    _put(self, *given)
    if is_to_die:
        os.kill(os.getpid(), signal.SIGKILL)


RabbitDeadLetters.put = put_and_die  # type: ignore[method-assign]
