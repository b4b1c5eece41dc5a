"""The journal: what outlives a process, and who may read it."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from actors.worker.keeping.journal import ENTRIES, DeadWorker, Journal, Note, Noted, dead_worker, other_journals
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

at = [datetime(2030, 1, 1, hour, tzinfo=UTC) for hour in (9, 10)]
journal = Journal(Path(sys.argv[1]), "db", UUID(int=1))
for run in range(2, 6):
    journal.start((UUID(int=run), 1), at[0])
journal.end((UUID(int=3), 1), at[1], returned=True)
journal.end((UUID(int=4), 1), at[1], returned=False)
journal.end((UUID(int=5), 1), at[1], returned=True)
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
            (A, 1): Note(Noted.STARTED, START, datetime.fromtimestamp(0, UTC)),
            (B, 1): Note(Noted.RETURNED, START, END),
            (C, 1): Note(Noted.RAISED, START, END),
        },
    )
    assert list(folder.iterdir()) == []


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


def test_what_raises_leaves_the_journal_for_the_next(folder: Path) -> None:
    journal = Journal(folder, "db", uuid4())
    journal.start((A, 1), START)
    journal.close(is_settled=False)
    path = next(iter(folder.iterdir()))
    with pytest.raises(RuntimeError), dead_worker(path):
        raise RuntimeError
    with dead_worker(path) as dead:
        assert dead is not None
        assert set(dead.notes) == {(A, 1)}
    with dead_worker(path) as dead:
        assert dead is None


def test_a_process_that_ends_well_leaves_none(folder: Path) -> None:
    Journal(folder, "db", uuid4()).close(is_settled=True)
    assert list(folder.iterdir()) == []


def test_more_than_there_is_room_for_is_said(folder: Path) -> None:
    journal = Journal(folder, "db", uuid4())
    for attempt in range(ENTRIES + 1):
        journal.start((A, attempt), START)
    journal.close(is_settled=False)
    dead = read(folder)
    assert dead is not None
    assert (len(dead.notes), dead.is_complete) == (ENTRIES, False)


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
