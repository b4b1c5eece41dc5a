"""The journal: what outlives a process, and who may read it."""

import os
import resource
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from actors.worker.keeping.journal import (
    ENTRIES,
    DeadWorker,
    Ending,
    Journal,
    Note,
    dead_worker,
    other_journals,
)
from models.words.states import Outcome, State
from tests.end_to_end.deployment import ROOT
from tests.waiting import eventually

WORKER, A, B, C, D = (UUID(int=number) for number in range(1, 6))
START, END = datetime(2030, 1, 1, 9, tzinfo=UTC), datetime(2030, 1, 1, 10, tzinfo=UTC)

FORK = """import os
if os.fork():
    print("forked", flush=True)
    time.sleep(60)
time.sleep(20)"""
PROCESS = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from actors.worker.keeping.journal import Journal
from models.lifecycle.finishing import FinishedAttempt
from models.words.states import Outcome, State

at = [datetime(2030, 1, 1, hour, tzinfo=UTC) for hour in (9, 10)]
journal = Journal(Path(sys.argv[1]), "db", UUID(int=1))
for run in range(2, 6):
    journal.start((UUID(int=run), 1), at[0])

def end(run, outcome, state, **rest):
    journal.end(FinishedAttempt(UUID(int=run), 1, outcome, state, at[1], **rest))

end(3, Outcome.SUCCEEDED, State.SUCCEEDED)
end(4, Outcome.TIMED_OUT, State.RETRYING, counts=True, delay_seconds=2.5)
end(5, Outcome.SUCCEEDED, State.SUCCEEDED)
journal.forget([(UUID(int=5), 1)])
print("noted", flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journals"


def read(folder: Path) -> DeadWorker | None:
    path = next(iter(folder.iterdir()))
    with dead_worker(path) as dead:
        return dead


def test_what_a_killed_process_had_begun_is_there_and_nobody_reads_it_before(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "noted\n"
    assert read(folder) is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    dead = read(folder)
    assert dead == DeadWorker(
        WORKER,
        {
            (A, 1): Note(START),
            (B, 1): Note(START, Ending(Outcome.SUCCEEDED, State.SUCCEEDED, END, False, 0)),
            (C, 1): Note(START, Ending(Outcome.TIMED_OUT, State.RETRYING, END, True, 2.5)),
        },
    )


def test_a_child_that_lives_on_does_not_keep_its_parent_alive(folder: Path) -> None:
    forking = PROCESS.replace("time.sleep(60)", FORK)
    process = subprocess.Popen(
        [sys.executable, "-c", forking, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    while process.stdout.readline() != "forked\n":
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    try:
        eventually(lambda: read(folder) is not None)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


def test_a_process_that_ends_well_leaves_none(folder: Path) -> None:
    Journal(folder, "db", uuid4()).close(is_settled=True)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_more_than_there_is_room_for_is_said_for_as_long_as_it_is_so(folder: Path, is_forgotten: bool) -> None:
    journal = Journal(folder, "db", uuid4())
    for attempt in range(ENTRIES + 1):
        journal.start((A, attempt), START)
    if is_forgotten:
        journal.forget([(A, ENTRIES)])
    journal.close(is_settled=False)
    dead = read(folder)
    assert dead is not None
    assert (len(dead.notes), dead.is_complete) == (ENTRIES, is_forgotten)


def test_what_cannot_be_read_may_have_started(folder: Path) -> None:
    """Another release knows more, or a disk was at fault."""
    journal = Journal(folder, "db", uuid4())
    journal.start((A, 1), START)
    journal.start((B, 1), START)
    journal.close(is_settled=False)
    with journal.path.open("r+b") as file:
        file.seek(64)
        file.write(b"\x09")
    dead = read(folder)
    assert dead is not None
    assert (set(dead.notes), dead.is_complete) == ({(B, 1)}, False)


def test_a_process_that_reads_its_own_journal_keeps_it(folder: Path) -> None:
    """As an actor does that copies the folder."""
    journal = Journal(folder, "db", uuid4())
    journal.path.read_bytes()
    assert read(folder) is None
    journal.close(is_settled=True)


def test_a_full_disk_is_told_before_anything_is_noted(folder: Path) -> None:
    """A write to a mapped page that has no room kills the process."""
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
    try:
        with pytest.raises(OSError, match="large"):
            Journal(folder, "db", uuid4())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(folder.iterdir()) == []


def test_journals_of_other_databases_and_its_own_are_none_of_a_workers_business(folder: Path) -> None:
    own, sibling, other = (Journal(folder, prefix, uuid4()) for prefix in ("db", "db", "elsewhere"))
    assert other_journals(own.path, "db") == [sibling.path]
    for journal in (own, sibling, other):
        journal.close(is_settled=True)


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(PermissionError):
        Journal(tmp_path, "db", uuid4())


def test_what_is_no_journal_is_taken_away(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "db-x").write_bytes(b"nonsense")
    assert read(folder) is None
    assert list(folder.iterdir()) == []
