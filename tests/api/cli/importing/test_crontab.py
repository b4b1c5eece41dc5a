"""Crontabs: what their lines become, and that a slow walk of them finds what the report says."""

from typing import Any

import pytest

from api.cli.importing.crontab import read_crontab
from api.cli.importing.found import Imported
from api.cli.importing.report import compare_year, faults_in, write_report
from tests.api.cli.importing.walks import NOW, walk_like_debian

LINES = [
    "0 0 * * *", "*/5 * * * *", "* * * * *", "30 2 * * *", "0 2 * * *", "59 1 * * *", "0 3 * * *", "15 2,3 * * *",
    "*/30 2 * * *", "30 */2 * * *", "0 9-17 * * 1-5", "0 9-17/2 * * mon-fri", "5 4 * * sun", "5 4 * * 7", "0 0 1 * *",
    "0 0 1,15 * *", "0 0 13 * 5", "0 0 1-7 * 1", "0 0 */2 * 1", "0 0 13 * */2", "0 0 * jan-mar *", "0 0 1 1 *",
    "0 0 29 2 *", "0 0 31 * *", "17 * * * *", "23 0-20/2 * * *", "0 22 * * 1-5", "5 0 * 8 *", "15 14 1 * *",
    "0 0,12 1 */2 *", "10-50/10 6 * * 6,0", "*/15 8-18 * * *", "@daily", "@weekly", "@monthly", "@hourly", "@yearly",
    "0 22-6 * * *", "50-10/5 12 * * *", "0 0 * * fri-mon",
]  # fmt: skip
ZONE = "Europe/Berlin"


def only(text: str, **given: Any) -> Imported:
    found = read_crontab(text, ZONE, **given)
    assert found.refused == []
    return found.schedules[-1]


def test_there_are_forty_lines() -> None:
    assert len(set(LINES)) == 40


@pytest.mark.parametrize("line", LINES)
def test_a_slow_walk_agrees_with_the_report(line: str) -> None:
    schedule = only(f"{line} /bin/true")
    before = walk_like_debian(line, ZONE)
    after = walk_like_debian(schedule.definition["cron"], ZONE)
    found = compare_year(schedule, NOW)
    assert (set(found.gone), set(found.added)) == (before - after, after - before)
    assert (found.old, found.new) == (len(before), len(after))
    assert faults_in(schedule.definition) == ""


def test_the_form_of_a_user_and_that_of_the_system() -> None:
    user = only("0 1 * * * /usr/bin/rsync -a /data backup:")
    assert user.name == "rsync"
    assert user.definition["args"] == {"argv": "/usr/bin/rsync -a /data backup:", "shell": True}
    assert (user.definition["cron"], user.definition["timezone"]) == ("0 1 * * *", ZONE)
    assert (user.definition["overlap"], user.definition["catchup"]) == ("allow", "none")
    system = only("0 1 * * * www-data\t/usr/bin/php cron.php", is_system=True)
    assert (system.name, system.definition["args"]["argv"]) == ("php", "/usr/bin/php cron.php")
    assert any("user www-data" in remark for remark in system.remarks)
    assert only("@daily root /opt/clean.sh", is_system=True).name == "clean"


def test_variables_hold_for_what_follows() -> None:
    text = """
        0 1 * * * first
        SHELL=/bin/bash
        PATH = "/opt/bin:/bin"
        HOME=/srv
        0 2 * * * second
    """
    first, second = read_crontab(text, ZONE).schedules
    assert first.definition["args"] == {"argv": "first", "shell": True}
    assert second.definition["args"] == {
        "argv": ["/bin/bash", "-c", "second"],
        "env": {"PATH": "/opt/bin:/bin", "HOME": "/srv"},
        "cwd": "/srv",
    }


def test_a_zone_holds_for_what_follows() -> None:
    found = read_crontab("0 1 * * * a\nCRON_TZ=Asia/Tokyo\n0 1 * * * b\nCRON_TZ=Nowhere/City\n0 1 * * * c", "UTC")
    assert [each.definition["timezone"] for each in found.schedules] == ["UTC", "Asia/Tokyo", "Asia/Tokyo"]
    assert found.refused[0][0] == "line 4: CRON_TZ=Nowhere/City"
    assert any("CRON_TZ is heeded" in remark for remark in found.remarks)


def test_percent_is_standard_input() -> None:
    args = only(r"0 1 * * * mail -s '5\% more' me%Hello%World").definition["args"]
    assert args == {"argv": "mail -s '5% more' me", "shell": True, "stdin": "Hello\nWorld\n"}
    assert "stdin" not in only(r"0 1 * * * date +\%F").definition["args"]


def test_mail_comments_and_names() -> None:
    text = "# Remove what is old,\n# and say so\n0 1 * * * cd /srv && ./clean.sh\n0 2 * * * ./clean.sh"
    found = read_crontab(f"MAILTO=ops@example.com\n{text}", ZONE)
    assert [each.name for each in found.schedules] == ["clean", "clean-2"]
    assert found.schedules[0].definition["description"] == "Remove what is old, and say so"
    assert found.schedules[1].definition["description"] == "./clean.sh"
    assert any("mailed to ops@example.com" in remark for remark in found.remarks)


def test_what_is_no_job_is_said_with_its_line() -> None:
    text = "@reboot start\n0 1 * * *\n61 * * * * a\n0 0 31 2 * b\nnonsense\n0~30 * * * * c\n*/0 * * * * d\n0 1 * * * ok"
    found = read_crontab(text, ZONE)
    assert [each.name for each in found.schedules] == ["ok"]
    assert [place.split(":")[0] for place, _ in found.refused] == [f"line {number}" for number in range(1, 8)]
    assert "the machine starts" in found.refused[0][1]


def test_the_report_names_what_is_different() -> None:
    report = write_report(read_crontab("0 22-6 * * * a\n0 0 13 * 5 b\n0 0 */2 * 1 c\n30 2 * * * d"), NOW)
    assert "the range 22-6 runs backwards" in report
    assert "the date or the weekday matches" in report
    assert "both must match" in report
    assert "366 before, 366 now, the same ones" in report
    assert "UTC is taken" in report
    assert "overlap = allow" in report
    assert "catchup = none" in report
