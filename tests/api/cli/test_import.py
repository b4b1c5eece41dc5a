"""`callsheet import`: a file on stdout, a report beside it, and nothing changed."""

import json
from pathlib import Path

from tests.api.cli.served import CommandLine


def test_a_crontab_becomes_a_file_that_can_be_applied(callsheet: CommandLine, tmp_path: Path) -> None:
    crontab = "0 22-6 * * * /opt/night.sh\n@reboot /opt/start.sh\n"
    for kind in ("toml", "yaml"):
        options = ["--tz", "Europe/Berlin", "--source", f"cron-{kind}", *(["-o", "yaml"] if kind == "yaml" else [])]
        imported = callsheet.succeed("import", "crontab", "-", *options, stdin=crontab)
        assert "the range 22-6 runs backwards" in imported.err
        assert "@reboot" in imported.err
        (tmp_path / f"file.{kind}").write_text(imported.out)
        assert callsheet.succeed("validate", str(tmp_path / f"file.{kind}")).out == ""
        assert callsheet("diff", str(tmp_path / f"file.{kind}")).out == "+ night\n"


def test_a_report_may_go_to_a_file(callsheet: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "crontab").write_text("0 1 * * * root /opt/a.sh\n")
    report = tmp_path / "report.txt"
    said = callsheet.succeed("import", "crontab", str(tmp_path / "crontab"), "--system", "--report", str(report))
    assert said.err == ""
    assert "ran as the user root" in report.read_text()


def test_cronjobs_jobs_and_tasks(callsheet: CommandLine) -> None:
    cronjob = """
kind: CronJob
metadata: {name: report}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: b, command: [/bin/report]}]}}}}
---
kind: Service
"""
    assert "[schedules.report]\n" in callsheet.succeed("import", "k8s", "-", stdin=cronjob).out
    jobs = json.dumps([{"id": "one", "func": "a:b", "trigger": "cron", "hour": 3}])
    assert 'cron = "0 3 * * *"' in callsheet.succeed("import", "apscheduler", "-", stdin=jobs).out
    dump = json.dumps({"often": {"task": "a.b", "schedule": 30}})
    assert "every_seconds = 30.0" in callsheet.succeed("import", "beat", "-", stdin=dump).out


def test_a_module_with_periodiq(callsheet: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "shop_tasks.py").write_text("""
import dramatiq
from dramatiq.brokers.stub import StubBroker
from periodiq import PeriodiqMiddleware, cron

dramatiq.set_broker(StubBroker(middleware=[PeriodiqMiddleware()]))

@dramatiq.actor(periodic=cron("0 9 * * sun"))
def weekly():
    pass
""")
    imported = callsheet.succeed("import", "periodiq", "shop_tasks", "--path", str(tmp_path))
    assert '[schedules.weekly]\nactor = "weekly"\ncron = "0 9 * * sun"' in imported.out
    assert "never ran it on a Sunday" in imported.err
    assert callsheet("import", "periodiq", "no_such_module").code == 2


def test_what_is_no_such_file_is_a_sentence(callsheet: CommandLine) -> None:
    for kind, text in (("beat", "{"), ("beat", "3"), ("beat", '[{"model": "django_celery_beat.x"}]'), ("k8s", "a: ["),
                       ("apscheduler", "3"), ("apscheduler", '[3, {"trigger": 1}]')):  # fmt: skip
        said = callsheet("import", kind, "-", stdin=text)
        assert said.code in (0, 2), (kind, text, said)
    assert callsheet("import", "crontab", "-", "--tz", "Mars", stdin="").code == 2
    assert callsheet("import", "crontab", "/no/such/file").code == 2
