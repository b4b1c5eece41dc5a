"""The collector: what a process begins with is left alone."""

import gc
import subprocess
import sys

import pytest

from tests.end_to_end.deployment import ROOT

PROGRAM = """
import gc
from config.collector import settle
{before}
settle()
print(gc.get_freeze_count() > 1000, gc.get_threshold()[0], gc.isenabled())
"""


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ("", "True 20000 True"),
        ("gc.set_threshold(50_000)", "True 50000 True"),
        ("gc.set_threshold(0)", "False 0 True"),
        ("gc.disable()", f"False {gc.get_threshold()[0]} False"),
    ],
)
def test_what_is_there_is_frozen_unless_somebody_has_turned_the_collector_off(before: str, then: str) -> None:
    argv = [sys.executable, "-c", PROGRAM.format(before=before)]
    assert subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == then


@pytest.mark.parametrize(("before", "then"), [("", "False True True"), ("gc.disable()", "False False False")])
def test_it_rests_while_a_process_is_made_and_goes_on_as_before(before: str, then: str) -> None:
    program = (
        f"import gc\nfrom config.collector import at_rest\n{before}\nwith at_rest():\n    during = gc.isenabled()\n"
    )
    argv = [sys.executable, "-c", f"{program}print(during, gc.isenabled(), gc.get_freeze_count() > 0)"]
    assert subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == then
