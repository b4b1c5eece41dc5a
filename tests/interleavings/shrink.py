"""Makes a sequence that fails short, so that a person can read it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from tests.interleavings.steps import Put, Step


def shortest(sequence: list[Step], fails: Callable[[list[Step]], bool], most: int = 300) -> list[Step]:
    """The sequence without whatever it needs not to fail, within so many tries."""
    shorter = True
    while shorter and most > 0:
        shorter = False
        for candidate in _simpler(sequence):
            most -= 1
            if most > 0 and fails(candidate):
                sequence, shorter = candidate, True
                break
    return sequence


def _simpler(sequence: list[Step]) -> Iterator[list[Step]]:
    for number in reversed(range(len(sequence))):
        yield sequence[:number] + sequence[number + 1 :]
    for number, step in enumerate(sequence):
        for simpler in _plainer(step):
            yield [*sequence[:number], simpler, *sequence[number + 1 :]]


def _plainer(step: Step) -> Iterator[Step]:
    if step.late:
        yield replace(step, late=0)
    if step.wait not in (0, 300):
        yield replace(step, wait=0)
        yield replace(step, wait=300)
    if isinstance(step.action, Put):
        for name in step.action.policies:
            policies = {key: value for key, value in step.action.policies.items() if key != name}
            yield replace(step, action=replace(step.action, policies=policies))
