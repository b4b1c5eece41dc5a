"""What a proof is, and the list of all: experiments that need servers and processes of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.experiment import Result


@dataclass(frozen=True)
class Proof:
    """`prove` starts all that it needs, and ends it; logs go to the folder that it is given."""

    name: str
    prove: Callable[[Path], Result]


def all_proofs() -> list[Proof]:
    """Every proof."""
    from tests.chaos import proofs_restore, proofs_upgrade

    return proofs_upgrade.PROOFS + proofs_restore.PROOFS
