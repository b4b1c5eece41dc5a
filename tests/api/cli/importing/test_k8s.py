"""CronJobs of Kubernetes: what they become, and that a slow walk of them finds what the report says."""

from typing import Any

import pytest

from api.cli.importing.k8s import read_cronjobs
from api.cli.importing.report import compare_year, faults_in, write_report
from tests.api.cli.importing.walks import NOW, by_kubernetes, walk_instants, walk_like_debian

ZONE = "Europe/Berlin"


def cronjob(name: str = "report", container: Any = None, job: Any = None, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "main", "image": "example/report:3", "command": ["/bin/report"], **(container or {})}]
    template = {"spec": {"template": {"spec": {"containers": containers}}, **(job or {})}}
    given = {"schedule": "0 3 * * *", "timeZone": ZONE, "jobTemplate": template}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": given | spec}


@pytest.mark.parametrize("schedule", ["30 2 * * *", "0 0 */2 * 1", "*/20 8-18 ? * MON-FRI", "0 4 1 */3 *", "@weekly"])
def test_a_slow_walk_agrees_with_the_report(schedule: str) -> None:
    read = read_cronjobs([cronjob(schedule=schedule)]).schedules[0]
    before = walk_instants(schedule, ZONE, by_kubernetes)
    after = walk_like_debian(read.definition["cron"], ZONE)
    found = compare_year(read, NOW)
    assert (set(found.gone), set(found.added)) == (before - after, after - before)
    assert faults_in({name: value for name, value in read.definition.items() if name != "paused"}) == ""


def test_three_jobs_with_their_policies() -> None:
    documents = [
        cronjob("allow", concurrencyPolicy="Allow", startingDeadlineSeconds=120),
        {"kind": "Service"},
        {"kind": "List", "items": [cronjob("forbid", concurrencyPolicy="Forbid", suspend=True)]},
        cronjob("replace", concurrencyPolicy="Replace", job={"backoffLimit": 2, "activeDeadlineSeconds": 900}),
    ]
    allow, forbid, replace = (each.definition for each in read_cronjobs(documents).schedules)
    assert (allow["overlap"], allow["catchup_window_seconds"], allow["max_retries"]) == ("allow", 120, 6)
    assert (forbid["overlap"], forbid["paused"], forbid["tags"]) == ("skip", True, ["shop"])
    assert (replace["overlap"], replace["max_retries"], replace["time_limit_seconds"]) == ("cancel_other", 2, 900)
    assert "paused" not in allow


def test_the_command_and_its_variables() -> None:
    env = [
        {"name": "MODE", "value": "full"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "key"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    ]
    read = read_cronjobs([cronjob(container={"args": ["--all", 3], "env": env})]).schedules[0]
    assert read.definition["args"] == {
        "argv": ["/bin/report", "--all", "3"],
        "env": {"MODE": "full", "KEY": "${secret:KEY}"},
    }
    assert any("the secret KEY" in remark for remark in read.remarks)
    assert any("NODE" in remark for remark in read.remarks)


def test_every_is_an_interval_and_a_zone_may_stand_in_the_schedule() -> None:
    every, zoned = read_cronjobs(
        [cronjob(schedule="@every 1h30m"), cronjob(schedule="TZ=Asia/Tokyo 0 3 * * *")]
    ).schedules
    assert every.definition["every_seconds"] == 5400
    assert (zoned.definition["cron"], zoned.definition["timezone"]) == ("0 3 * * *", "Asia/Tokyo")


def test_what_is_wrong_is_not_imported() -> None:
    wrong = [cronjob(schedule="0 0 * * 7"), cronjob(schedule="0 22-6 * * *"), cronjob(concurrencyPolicy="Never")]
    found = read_cronjobs([*wrong, {"kind": "CronJob", "spec": {}}])
    assert (found.schedules, len(found.refused)) == ([], 4)


def test_the_report_names_what_is_different() -> None:
    found = read_cronjobs([cronjob(schedule="30 2 */2 * 1", concurrencyPolicy="Forbid"), cronjob(timeZone=None)])
    report = write_report(found, NOW)
    assert "DIFFERENT" in report
    assert "no more at" in report
    assert "new at 2027-03-28T01:00:00Z" in report or "no more at 2027-10-31T01:30:00Z" in report or "clock" in report
    assert "a day or weekday with a step" in report
    assert "Forbid starts a slot late" in report
    assert "taken as UTC" in report
    assert "catchup = latest" in report
