"""Modules of our users, in folders of theirs: what a worker imports besides the actors that ship."""

import sys
from collections.abc import Iterable, Sequence

from api.cli.entry.callsheet.names import HOME, NAMES, others
from config.settings import EXIT_CONFIG


def look_in(folders: Sequence[str], without: Iterable[str] = ()) -> None:
    """Have Python look for modules in these folders, first of all as with Dramatiq. Exits with code 78 where one of
    theirs has the name of one of our packages: a process can't have both, and whoever imports it may get the other's.

    `without` are names that need not be theirs: then these folders come after what is installed, ours with it.
    """
    clashes = {name: each for name in NAMES if name not in without and (each := [*others(name, folders)])}
    if not clashes:
        sys.path[:0] = [str(HOME), *folders] if without else folders
        return
    said = ", ".join(f"`{name}` is also {' and '.join(each)}" for name, each in clashes.items())
    print(
        f"callsheet can't start a worker here, as a process has one module of a name and {said}: move yours into a "
        f"package of your own, or, if your actors do not need it, start `callsheet worker"
        f"{''.join(f' --without {name}' for name in clashes)} …` (docs/your-repository.md)",
        file=sys.stderr,
    )
    raise SystemExit(EXIT_CONFIG)
