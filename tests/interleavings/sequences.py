"""Random sequences of steps."""

from typing import Any

from hypothesis import strategies as st

from tests.interleavings.steps import (
    ALIGNED,
    Action,
    Delete,
    Finish,
    Patch,
    Pause,
    Plan,
    PlanTogether,
    Post,
    Put,
    Resume,
    Step,
    Trigger,
    When,
)

WHENS = (
    When(every=60),
    When(cron=("* * * * *",)),
    When(cron=("*/20 * * * * *",)),
    When(cron=("*/15 * * * *", "*/10 * * * *")),
    When(cron=("30 2 * * *", "*/30 * * * *"), timezone="Europe/Berlin"),
    When(cron=("0,30 1-3 * * *",), timezone="Europe/Berlin"),
    When(cron=("10 */2 * * * *", "10 * * * * *"), ends=5400, jitter=50),
    When(cron=("0 * * * *",), jitter=600),
    When(every=7.5, ends=1200),
    When(every=97, starts=30, jitter=90),
    When(every=60, starts=-3600, ends=600),
    When(every=3600, jitter=1800),
    When(every=1.1, starts=0, ends=60),
    When(at=300),
    When(at=7200, jitter=60),
    When(at=-60),
    When(),
)
POLICIES: dict[str, tuple[Any, ...]] = {
    "overlap": ("skip", "allow", "buffer_one", "buffer_all", "cancel_other"),
    "catchup": ("latest", "all", "earliest", "none"),
    "max_runs": (None, None, None, 1, 2, 5),
    "catchup_window_seconds": (86400, 86400, 3600, 300, 0),
    "pause_after_failures": (None, 1),
}
WAITS = (ALIGNED, ALIGNED, 0, 0, 0.001, 0.25, 5, 59, 61, 300, 300, 1200, 3600, 10000)

_waits = st.sampled_from(WAITS)
_names = st.sampled_from(("a", "a", "a", "b"))
_whens = st.sampled_from(WHENS)
_policies = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in POLICIES.items()})
_change = st.sampled_from([{name: value} for name, values in POLICIES.items() for value in values])

_calls: st.SearchStrategy[Action] = st.one_of(
    st.builds(Plan, st.sampled_from((100, 100, 1))),
    st.just(Plan()),
    st.builds(Put, _whens, _policies),
    st.builds(Patch, st.one_of(_change, st.just({"description": "changed"}))),
    st.builds(Pause, st.sampled_from((None, 0.5, 90, 4000, ALIGNED))),
    st.just(Resume()),
    st.builds(Trigger, st.sampled_from((None, "allow", "cancel_other")), st.sampled_from((None, None, 40))),
    st.just(Delete()),
    st.builds(Post, _whens, _policies),
)
_others: st.SearchStrategy[Action] = st.one_of(
    st.builds(Finish, st.sampled_from(("succeeded", "running", "failed", "retrying")), st.booleans()),
    st.builds(PlanTogether, st.sampled_from((1, 100)), st.booleans(), st.sampled_from((0, 0.5, 61))),
)
_late = st.sampled_from((0, 0, 0, 0, 0.002, 0.7, 20))
_crashes = st.sampled_from((False,) * 7 + (True,))
_step = st.one_of(
    st.builds(Step, _calls, _waits, _late, _crashes, _names),
    st.builds(Step, _calls, _waits, _late, _crashes, _names),
    st.builds(Step, _others, _waits, name=_names),
)

sequences = st.builds(
    lambda first, rest: [Step(first), *rest],
    st.builds(Put, _whens, _policies),
    st.lists(_step, min_size=4, max_size=9),
)
"""The first step creates a schedule; 4 to 9 more follow."""
