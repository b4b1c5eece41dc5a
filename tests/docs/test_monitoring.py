"""The page about metrics has all of them and nothing else, and says of each alert what to do."""

import re
from pathlib import Path
from typing import Any

import pytest

from models.counters.metrics import METRICS
from tests.deploy.files import manifests
from tests.deploy.queries import ALERTS, series_of, unknown_in
from tests.docs.pages import rows_of
from tests.docs.test_links import slugs_of
from tests.end_to_end.deployment import ROOT
from tests.servers.promtool import promtool

PAGE = ROOT / "docs" / "monitoring.md"
ALERTING = ROOT / "docs" / "alerting.md"
ROWS = [row for row in rows_of(PAGE.read_text()) if row[0].startswith("`callsheet_")]


def test_the_table_has_every_metric_with_its_kind_and_labels() -> None:
    listed = {row[0].strip("`"): (row[1], re.findall(r"`(\w+)`", row[2])) for row in ROWS}
    assert listed == {metric.name: (metric.kind, [*metric.labels]) for metric in METRICS}
    assert all(row[3] for row in ROWS)


@pytest.mark.parametrize("page", [PAGE, ALERTING], ids=lambda page: page.stem)
def test_questions_on_a_page_ask_for_what_there_is(page: Any) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for line in (line for kind, block in blocks if not kind for line in block.splitlines()):
        assert line.startswith("#") or series_of(line)
        assert unknown_in(line) == set()


def test_prometheus_takes_every_scrape_of_the_page(tmp_path: Path) -> None:
    """Debian's knows nothing of Kubernetes."""
    scrapes = re.findall(r"^```yaml\n(scrape_configs:.*?)^```$", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert len(scrapes) == 2
    for scrape in scrapes:
        known = scrape.replace("kubernetes_sd_configs:\n      - role: pod\n", "static_configs: []\n")
        (tmp_path / "prometheus.yaml").write_text(known)
        assert "SUCCESS" in promtool("check", "config", "--syntax-only", tmp_path / "prometheus.yaml")


def test_the_scrape_in_kubernetes_finds_the_pods_of_the_api() -> None:
    [keep] = re.findall(r"^ +regex: (.*)$", PAGE.read_text(), flags=re.MULTILINE)
    labels = {pod["metadata"]["name"]: pod["spec"]["template"]["metadata"]["labels"] for pod in manifests("Deployment")}
    names = ("app.kubernetes.io/name", "app.kubernetes.io/component")
    found = [name for name, label in labels.items() if ";".join(label[each] for each in names) == keep]
    assert found == ["callsheet-web"]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_leads_to_what_is_to_be_done(rule: dict[str, Any]) -> None:
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert ROOT / file == PAGE
    assert anchor == rule["alert"].lower()
    assert anchor in slugs_of(PAGE)


def test_no_alert_is_described_that_there_is_not() -> None:
    described = re.findall(r"^### (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    assert described == [rule["alert"] for rule in ALERTS]


def test_critical_alerts_are_called_so() -> None:
    called = re.findall(r"^### (.+)\n\ncritical\.", PAGE.read_text(), flags=re.MULTILINE)
    assert called == [rule["alert"] for rule in ALERTS if rule["labels"]["severity"] == "critical"]
