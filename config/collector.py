"""The garbage collector of processes that run for long: what they begin with stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG_OBJECTS = 20_000
"""How many more objects there are before it looks at the young ones. Python's 700 is a few messages' worth, of which
hardly one is part of a circle."""


def settle() -> None:
    """Leave out of every later look what is there now, and look less often; where somebody has turned it off it stays
    off."""
    young, *older = gc.get_threshold()
    if not gc.isenabled() or not young:
        return
    gc.collect()
    gc.freeze()
    gc.set_threshold(max(young, YOUNG_OBJECTS), *older)


@contextmanager
def at_rest() -> Iterator[None]:
    """Look for nothing while a process is made: nearly all of it stays, and looking takes a third of the time. For
    processes that are ours alone: what others have made by then is left alone, too."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()  # or all of it would be looked at now, and at the end
            gc.enable()
