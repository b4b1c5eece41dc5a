"""Readings that are kept for a few seconds."""

import pytest
import sqlalchemy as sa

from api.web.kept import Kept


def test_a_reading_is_kept_for_some_seconds_by_database(monkeypatch: pytest.MonkeyPatch) -> None:
    one, another = (sa.create_engine("postgresql+psycopg://nowhere") for _ in range(2))
    now = [100.0]
    monkeypatch.setattr("api.web.kept.time.monotonic", lambda: now[0])
    kept: Kept[int] = Kept(5)
    numbers = iter(range(10))
    read = [kept.ask(engine, lambda: next(numbers)) for engine in (one, one, another, one)]
    now[0] = 105.5
    read += [kept.ask(engine, lambda: next(numbers)) for engine in (one, one)]
    assert read == [0, 0, 1, 0, 2, 2]


def test_what_could_not_be_read_is_read_again() -> None:
    engine = sa.create_engine("postgresql+psycopg://nowhere")
    kept: Kept[int] = Kept(5)
    with pytest.raises(ZeroDivisionError):
        kept.ask(engine, lambda: 1 // 0)
    assert kept.ask(engine, lambda: 1) == 1
