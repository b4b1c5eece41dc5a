"""Turns: of several processes one does what is to be done once in a while."""

import sqlalchemy as sa

from models.counters.turns import take_turn

SET_BACK = "UPDATE housekeeping SET at = at + make_interval(secs => %(by)s) WHERE name = 'this'"


def test_who_comes_first_has_the_turn_until_the_next(engine: sa.Engine) -> None:
    def ask(what: str = "this") -> bool:
        with engine.begin() as connection:
            return take_turn(connection, what, 60)

    def pass_by(seconds: float) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql(SET_BACK, {"by": -seconds})

    assert (ask(), ask(), ask("that")) == (True, False, True)
    pass_by(30)
    assert not ask()
    pass_by(31)
    assert (ask(), ask()) == (True, False)
    pass_by(-3600)  # by a clock that was ahead
    assert (ask(), ask()) == (True, False)
