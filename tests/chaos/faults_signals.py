"""Faults by signal: processes that are killed, told to stop, and frozen."""

import os
import signal
from contextlib import suppress
from functools import partial
from subprocess import Popen

import psutil

from tests.chaos.faults import BY_JOURNAL_SECONDS, BY_LEASE_SECONDS, Fault
from tests.chaos.world import LEASE_SECONDS, World
from tests.waiting import eventually

FREEZE_SECONDS = 12
LONG_FREEZE_SECONDS = LEASE_SECONDS + 10

EXIT_SECONDS = 30
"""What a platform gives a process after TERM."""


def kill_worker_process(world: World) -> None:
    """SIGKILL one worker process; Dramatiq's master then stops its others."""
    world.random.choice(_children(world, world.pick(world.workers))).kill()


def kill_every_worker_process(world: World) -> None:
    """SIGKILL all worker processes at once, as the kernel does when memory is short."""
    old = world.deployment.processes
    for name in world.workers:
        for child in _children(world, name):
            with suppress(psutil.NoSuchProcess):
                child.kill()
    _wait_for_the_platform(world, old, world.workers)


def lose_a_machine(world: World) -> None:
    """SIGKILL a master with all it has, and what its journals say is gone too: the lease decides."""
    name = world.pick(world.workers)
    dying = [world.pid(name), *(child.pid for child in _children(world, name))]
    world.lose_journals(dying)
    os.killpg(dying[0], signal.SIGKILL)


def kill_leader(kind: str, world: World) -> None:
    """SIGKILL the leader of one process: of a worker its master, whose worker processes must not stay."""
    name = world.pick(_of_kind(world, kind))
    children = world.children(name)
    world.send(name, signal.SIGKILL)
    with suppress(AssertionError):  # the leaks are looked at later
        eventually(lambda: not any(child.is_running() for child in children), EXIT_SECONDS)


def kill_group(world: World) -> None:
    """SIGKILL a master with all it has."""
    os.killpg(world.pid(world.pick(world.workers)), signal.SIGKILL)


def kill_every_scheduler(world: World) -> None:
    """SIGKILL all schedulers at once."""
    old = world.deployment.processes
    for name in world.schedulers:
        world.send(name, signal.SIGKILL)
    _wait_for_the_platform(world, old, world.schedulers)


def term(kind: str, world: World, times: int = 1, *, group: bool = False) -> None:
    """TERM, as platforms and process managers send it: to the leader or to its group, and more than once."""
    name = world.pick(_of_kind(world, kind))
    process = world.deployment.processes[name]
    for _ in range(times):
        (os.killpg if group else os.kill)(process.pid, signal.SIGTERM)
        world.wait(0.2)
    eventually(lambda: process.poll() is not None, EXIT_SECONDS, f"{name} obeys TERM")


def freeze_worker_process(seconds: float, world: World) -> None:
    """STOP one worker process for a while."""
    _freeze([world.random.choice(_children(world, world.pick(world.workers)))], seconds, world)


def freeze_beyond_lease(world: World) -> None:
    """STOP one worker process until others have its runs."""
    freeze_worker_process(LONG_FREEZE_SECONDS, world)


def freeze_group(world: World) -> None:
    """STOP a master and its worker processes for a while."""
    name = world.pick(world.workers)
    _freeze([*world.children(name), psutil.Process(world.pid(name))], FREEZE_SECONDS, world)


def freeze_leader(kind: str, world: World) -> None:
    """STOP the leader of one process for a while."""
    _freeze([psutil.Process(world.pid(world.pick(_of_kind(world, kind))))], FREEZE_SECONDS, world)


def freeze_every_scheduler(world: World) -> None:
    """STOP all schedulers for a while."""
    _freeze([psutil.Process(world.pid(name)) for name in world.schedulers], FREEZE_SECONDS, world)


def _wait_for_the_platform(world: World, old: dict[str, Popen[bytes]], names: list[str]) -> None:
    """With nobody left of a kind, the fault lasts until all have been started again; what counts is what follows."""

    def all_are_new() -> bool:
        new = world.deployment.processes
        return all(new[name] is not old[name] for name in names)

    eventually(all_are_new, EXIT_SECONDS, "the platform starts them again")


def _freeze(processes: list[psutil.Process], seconds: float, world: World) -> None:
    if seconds >= LONG_FREEZE_SECONDS:
        world.frozen |= {process.pid for process in processes}
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    try:
        world.wait(seconds)
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def _children(world: World, name: str) -> list[psutil.Process]:
    """Its worker processes; after another fault they may be on their way."""
    return eventually(lambda: world.children(name), 30, f"{name} has worker processes")


def _of_kind(world: World, kind: str) -> list[str]:
    return {"worker": world.workers, "scheduling": world.schedulers, "web": ["web"]}[kind]


FAULTS = [
    Fault("kill a worker process", kill_worker_process, again_seconds=BY_JOURNAL_SECONDS, shared=True),
    Fault("kill every worker process", kill_every_worker_process, again_seconds=BY_JOURNAL_SECONDS, shared=True),
    Fault("kill a worker's master", partial(kill_leader, "worker"), shared=True),
    Fault("kill a worker's group", kill_group, again_seconds=BY_JOURNAL_SECONDS, shared=True),
    Fault("lose a worker's machine", lose_a_machine, again_seconds=BY_LEASE_SECONDS, shared=True),
    Fault("kill a scheduler", partial(kill_leader, "scheduling"), shared=True),
    Fault("kill every scheduler", kill_every_scheduler, shared=True),
    Fault("kill the API", partial(kill_leader, "web"), shared=True),
    Fault("TERM a worker", partial(term, "worker"), shared=True),
    Fault("TERM a worker twice", partial(term, "worker", times=2), shared=True),
    Fault("TERM a worker's group twice", partial(term, "worker", times=2, group=True), shared=True),
    Fault("TERM a scheduler", partial(term, "scheduling"), shared=True),
    Fault("TERM a scheduler twice", partial(term, "scheduling", times=2, group=True), shared=True),
    Fault("TERM the API", partial(term, "web"), shared=True),
    Fault("freeze a worker process", partial(freeze_worker_process, FREEZE_SECONDS), shared=True),
    Fault(
        "freeze a worker process beyond its lease",
        partial(freeze_worker_process, LONG_FREEZE_SECONDS),
        again_seconds=BY_JOURNAL_SECONDS,
    ),
    Fault("freeze a worker's master", partial(freeze_leader, "worker"), shared=True),
    Fault("freeze a worker's group", freeze_group, shared=True),
    Fault("freeze a scheduler", partial(freeze_leader, "scheduling"), shared=True),
    Fault("freeze every scheduler", freeze_every_scheduler, shared=True),
    Fault("freeze the API", partial(freeze_leader, "web"), shared=True),
]
