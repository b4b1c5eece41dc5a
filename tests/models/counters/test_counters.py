"""Counters: what processes have counted is added once, whatever becomes of the answers."""

import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from models.counters.counting import Counter, Counting
from models.counters.telling import tell_counters

PUBLISHED = "callsheet_published_total"
ROUND = "callsheet_round_duration_seconds"


def tell(engine: sa.Engine, counting: Counting) -> None:
    with engine.begin() as connection:
        then = tell_counters(connection, counting)
    then()


def stored(engine: sa.Engine) -> dict[tuple[str, str], tuple[float, int]]:
    with engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT name, labels::text, value, buckets FROM counters").all()
    return {(name, labels): (value, sum(buckets)) for name, labels, value, buckets in rows}


def test_what_was_counted_is_added_to_what_was_there(engine: sa.Engine) -> None:
    counting = Counting()
    counting.count(PUBLISHED, 3, outcome="confirmed")
    counting.observe(ROUND, 0.25)
    tell(engine, counting)
    counting.count(PUBLISHED, outcome="confirmed")
    counting.count(PUBLISHED, 2, outcome="unconfirmed")
    counting.observe(ROUND, 0.5)
    tell(engine, counting)
    tell(engine, counting)
    assert stored(engine) == {
        (PUBLISHED, '{"outcome": "confirmed"}'): (4, 0),
        (PUBLISHED, '{"outcome": "unconfirmed"}'): (2, 0),
        (ROUND, "{}"): (0.75, 2),
    }


def test_what_many_processes_have_counted_is_summed_up(engine: sa.Engine) -> None:
    """Each adds to the same rows at the same time, in whichever order it has counted."""
    queues = [f"q{number}" for number in range(20)]

    def tell_some(backwards: bool) -> None:
        counting = Counting()
        for _ in range(10):
            for queue in reversed(queues) if backwards else queues:
                counting.count("callsheet_dead_letters_total", queue=queue, reason="json")
                counting.observe(ROUND, 1)
            tell(engine, counting)

    threads = [threading.Thread(target=tell_some, args=(number % 2 == 0,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = stored(engine)
    assert found.pop((ROUND, "{}")) == (800, 800)
    assert len(found) == 20
    assert set(found.values()) == {(40, 0)}


def test_what_was_told_and_not_heard_of_is_told_again_and_added_once(engine: sa.Engine) -> None:
    counting = Counting()
    counting.count(PUBLISHED, outcome="confirmed")
    with engine.begin() as connection:
        tell_counters(connection, counting)  # committed, and its process does not know
    counting.count(PUBLISHED, outcome="confirmed")
    tell(engine, counting)
    assert stored(engine) == {(PUBLISHED, '{"outcome": "confirmed"}'): (1, 0)}
    tell(engine, counting)
    assert stored(engine) == {(PUBLISHED, '{"outcome": "confirmed"}'): (2, 0)}


def test_what_could_not_be_told_is_told_later(engine: sa.Engine) -> None:
    counting = Counting()
    counting.count(PUBLISHED, outcome="confirmed")
    with engine.connect() as connection:
        tell_counters(connection, counting)
        connection.rollback()
    tell(engine, counting)
    assert stored(engine) == {(PUBLISHED, '{"outcome": "confirmed"}'): (1, 0)}


def test_two_who_tell_for_one_process_add_once(engine: sa.Engine) -> None:
    """As API, scheduling and worker do in the process of `callsheet up`."""
    counting = Counting()
    counting.count(PUBLISHED, 5, outcome="confirmed")
    with engine.begin() as connection:
        first = tell_counters(connection, counting)
    with engine.begin() as connection:
        second = tell_counters(connection, counting)
    first()
    counting.count(PUBLISHED, outcome="confirmed")
    with engine.begin() as connection:
        third = tell_counters(connection, counting)
    second()  # it knows nothing of what was told since
    third()
    assert stored(engine) == {(PUBLISHED, '{"outcome": "confirmed"}'): (6, 0)}
    assert counting.next_piece() is None


@pytest.mark.parametrize("value", ["\x00", "\ud800", "x" * 1000, 'ünï"\\\n'])
def test_labels_that_can_not_be_stored_keep_nothing_from_being_told(engine: sa.Engine, value: str) -> None:
    counting = Counting()
    counting.count("callsheet_dead_letters_total", queue=value, reason="json")
    counting.count("callsheet_dead_letters_total", queue=value + value, reason="json")
    counting.count(PUBLISHED, outcome="confirmed")
    tell(engine, counting)
    assert stored(engine)[PUBLISHED, '{"outcome": "confirmed"}'] == (1, 0)
    assert sum(value for value, _ in stored(engine).values()) == 3


def test_totals_are_all_that_was_counted_told_or_not(engine: sa.Engine) -> None:
    counting = Counting()
    counting.count(PUBLISHED, outcome="confirmed")
    counting.observe(ROUND, 1)
    tell(engine, counting)
    counting.count(PUBLISHED, outcome="confirmed")
    counting.next_piece()
    counting.count(PUBLISHED, outcome="confirmed")
    counting.observe(ROUND, 2)
    counts, spans = counting.totals()
    assert counts == {Counter(PUBLISHED, (("outcome", "confirmed"),)): 3}
    assert (len(spans[Counter(ROUND)]), spans[Counter(ROUND)].seconds) == (2, 3)


FORKED = """
import os
from models.counters.counting import OF_PROCESS, count

count("callsheet_published_total", outcome="confirmed")
if (pid := os.fork()) == 0:
    os._exit(len(OF_PROCESS.totals()[0]))
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), len(OF_PROCESS.totals()[0]))
"""


def test_a_forked_process_has_counted_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "1"]


def test_counters_are_bounded() -> None:
    counting = Counting()
    for number in range(6000):
        counting.count(PUBLISHED, outcome=str(number))
        counting.observe(ROUND, 1, outcome=str(number))
    counts, spans = counting.totals()
    assert len(counts) == len(spans) == 5000
