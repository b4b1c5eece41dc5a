"""How long the runs of an actor take, as others are told."""

from actors.worker.keeping.pace import ENOUGH_RUNS, Pace


def tell(pace: Pace, running: list[tuple[str, float]] | None = None) -> dict[str, float]:
    news = pace.news(running or [])
    pace.tell(news)
    return news


def fed(pace: Pace, seconds: float, times: int, actor: str = "work") -> Pace:
    for _ in range(times):
        pace.note(actor, seconds)
    return pace


def test_that_an_actor_is_short_is_said_after_some_runs_and_that_it_is_long_at_once() -> None:
    pace = fed(Pace(), 0.001, ENOUGH_RUNS - 1)
    assert not pace.has_turned
    assert tell(pace) == {}
    fed(pace, 0.001, 1)
    assert pace.has_turned
    assert tell(pace).keys() == {"work"}
    assert tell(fed(Pace(), 5, 1)) == {"work": 5}


def test_what_was_told_is_no_news() -> None:
    pace = fed(Pace(), 0.001, 100)
    assert tell(pace).keys() == {"work"}
    assert tell(pace) == {}
    fed(pace, 0.001, 100)
    assert not pace.has_turned
    assert tell(pace).keys() == {"work"}


def test_an_actor_that_becomes_long_is_told_soon() -> None:
    pace = fed(Pace(), 0.001, 100)
    tell(pace)
    fed(pace, 2, 1)
    assert pace.has_turned
    assert tell(pace)["work"] > 0.01
    fed(pace, 0.001, 1000)
    assert pace.has_turned
    assert tell(pace)["work"] < 0.01


def test_a_run_that_goes_on_for_long_counts_before_it_has_ended() -> None:
    pace = fed(Pace(), 0.001, 100)
    tell(pace)
    assert tell(pace, [("work", 7.0), ("work", 3.0), ("new", 0.0001)]) == {"work": 7.0}
    assert not fed(pace, 0.001, 100).has_turned, "one that is long is no reason to report each second"
    assert tell(pace)["work"] < 0.01


def test_what_nobody_has_heard_of_stays_news() -> None:
    pace = fed(Pace(), 5, 1)
    assert pace.news([]) == {"work": 5}
    assert pace.news([]) == {"work": 5}
    pace.tell({"work": 5})
    assert pace.news([]) == {}


def test_actors_have_averages_of_their_own() -> None:
    pace = fed(fed(Pace(), 0.001, 100), 3, 100, "other")
    told = tell(pace)
    assert told["work"] < 0.01
    assert round(told["other"]) == 3
