"""The list of schedules: what each row says, and that it costs the same whatever there is."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from models.slots import OUTCOMES, newest_outcomes
from models.words.states import SkipReason, State
from tests.api.conftest import HOUR_AGO
from tests.api.dashboard.conftest import MakeToken
from tests.api.dashboard.visitor import Visitor

Create = Callable[..., dict[str, Any]]
AddSlot = Callable[..., UUID]


def row_of(page: str, schedule: UUID | str) -> str:
    found = re.search(
        rf'<tr id="schedule-{schedule}">.*?</tr>\s*(?=<tr id=|</tbody>\s*</table>\s*</div>)', page, re.DOTALL
    )
    assert found is not None
    return found[0]


def test_a_row_says_when_how_it_went_and_how_long_it_takes(
    admin: Visitor, every_minute: Callable[..., UUID], add_slot: AddSlot
) -> None:
    schedule = every_minute(cron="30 2 * * 1-5", timezone="Europe/Berlin", tags=["crm"])
    for number, seconds in enumerate((1, 2, 90)):
        add_slot(schedule, HOUR_AGO + timedelta(minutes=number), started=1, finished=1 + seconds)
    last = add_slot(schedule, HOUR_AGO + timedelta(minutes=3), State.FAILED, started=0, finished=1)
    add_slot(schedule, HOUR_AGO + timedelta(minutes=4), State.SKIPPED, reason=SkipReason.OVERLAP)
    row = row_of(admin.get("/schedules").text, schedule)
    assert "At 02:30, Monday through Friday" in row
    assert "<code>30 2 * * 1-5</code>" in row
    assert "Europe/Berlin" in row
    assert "5: 3 succeeded, 1 failed, 1 skipped; the last one skipped." in row
    assert "skipped (overlap), " in row
    assert '<td class="number">1.5 s</td>' in row
    assert f'href="/runs/{last}"><span class="state failed">' in row
    assert 'href="/schedules?tag=crm"' in row


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"every_seconds": 90}, "every 1 min 30 s"),
        ({}, "by hand"),
        ({"cron": ["0 1 * * *", "0 2 * * *"]}, "At 01:00; At 02:00"),
    ],
)
def test_what_has_no_expression_says_when_it_runs(
    admin: Visitor, create: Create, fields: dict[str, Any], said: str
) -> None:
    schedule = create("nightly", **fields)["id"]
    row = row_of(admin.get("/schedules").text, schedule)
    assert said in row
    assert "none yet" in row


def test_of_each_schedule_the_newest_are_looked_at_by_the_index(
    engine: sa.Engine, every_minute: Callable[..., UUID], create: Create, execute: Callable[..., Any], add_run: AddSlot
) -> None:
    """Whatever there is of others: the plan reads no more rows than are shown."""
    schedule = every_minute()
    others = [UUID(create(f"s{number}")["id"]) for number in range(3)]
    add_run(schedule_id=schedule)
    execute(
        "INSERT INTO runs SELECT p.* FROM runs r, generate_series(1, 30000) n, LATERAL jsonb_populate_record(r,"
        " jsonb_build_object('id', overlay(r.id::text PLACING lpad(to_hex(n), 12, '0') FROM 25))) p"
    )
    execute("ANALYZE runs")
    with engine.begin() as connection:
        found = newest_outcomes(connection, [schedule, *others])
        read = "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname LIKE 'runs%%'"
        assert connection.exec_driver_sql(read).scalar_one() <= 2 * OUTCOMES
        assert {key: len(json.loads(outcomes)) for key, outcomes in found.items()} == {schedule: OUTCOMES}


def test_editors_make_new_ones_and_operators_act_on_many(
    visitor: Visitor, create: Create, make_token: MakeToken
) -> None:
    create("nightly")
    seen = {}
    for role in ("viewer", "operator", "editor"):
        visitor.sign_in(make_token(role))
        page = visitor.get("/schedules").text
        seen[role] = ['href="/schedules/new"' in page, 'value="pause"' in page, 'value="delete"' in page]
    assert seen == {
        "viewer": [False, False, False],
        "operator": [False, True, False],
        "editor": [True, True, True],
    }
