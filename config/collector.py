"""The garbage collector of processes that run for long: what they begin with stays."""

import gc

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
