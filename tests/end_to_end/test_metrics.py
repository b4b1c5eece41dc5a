"""Metrics: what the processes count as they go is on the page of any web process, and stays when processes die."""

from tests.api.metrics.page import Samples, parse, sample
from tests.end_to_end.deployment import Deployment
from tests.servers.promtool import promtool
from tests.waiting import eventually


def scraped(deployment: Deployment) -> Samples:
    answer = deployment.api.get("/metrics")
    assert answer.status_code == 200
    return parse(answer.text)


def number(deployment: Deployment, name: str, **labels: str) -> float:
    return sample(scraped(deployment), name, **labels) or 0


def test_what_all_processes_do_is_on_one_page(deployment: Deployment) -> None:
    deployment.create("good", actor="log_message", args={"message": "x"}, overlap="allow")
    deployment.create("often", actor="log_message", args={"message": "x"}, every_seconds=1, overlap="allow")
    deployment.create("bad", actor="run_process", args={"argv": ["false"]}, max_retries=0)
    for _ in range(10):
        deployment.trigger("good")
    deployment.finished(deployment.trigger("bad"))

    def all_is_told() -> bool:
        samples = scraped(deployment)
        ended = sample(samples, "runs_total", actor="log_message", queue="default", state="succeeded") or 0
        return ended >= 12 and bool(sample(samples, "slots_total", outcome="planned", reason=""))

    eventually(all_is_told, 60)
    eventually(lambda: number(deployment, "claims_total", outcome="won") >= 12, 60)
    eventually(lambda: number(deployment, "published_total", outcome="confirmed") >= 12, 60)
    asked = {"route": "/v1/schedules/{name}/trigger", "status": "202"}
    eventually(lambda: number(deployment, "http_request_duration_seconds_count", **asked) == 11, 60)
    samples = scraped(deployment)
    assert sample(samples, "workers") == 2
    assert sample(samples, "schedulers") == 1
    assert (sample(samples, "round_age_seconds") or 99) < 10
    assert (sample(samples, "round_duration_seconds_count") or 0) > 1
    assert sample(samples, "attempts_total", actor="run_process", outcome="failed") == 1
    assert sample(samples, "run_duration_seconds_count", actor="run_process") == 1
    assert sample(samples, "runs", state="running", queue="default") is not None
    promtool("check", "metrics", given=deployment.api.get("/metrics").text)


def test_what_was_told_outlives_who_has_told_it(deployment: Deployment) -> None:
    """What a process has counted and not told is lost with it, and nothing is added twice."""
    deployment.create("good", actor="log_message", args={"message": "x"}, overlap="allow")
    for _ in range(10):
        deployment.trigger("good")
    for counter in ("claims_total", "published_total"):
        outcome = {"claims_total": "won", "published_total": "confirmed"}[counter]
        eventually(lambda counter=counter, outcome=outcome: number(deployment, counter, outcome=outcome) >= 10, 60)
    before = scraped(deployment)
    for process in ("scheduling", "worker"):
        deployment.kill(process)
        deployment.start(process)
    deployment.ready()
    deployment.finished(deployment.trigger("good"))
    eventually(lambda: number(deployment, "claims_total", outcome="won") == 11, 60)
    after = scraped(deployment)
    assert {key for key, value in before.items() if "_total" in key[0] and after[key] < value} == set()


def test_a_web_process_that_stops_tells_what_it_has_counted(deployment: Deployment) -> None:
    for _ in range(5):
        deployment.api.get("/v1/me")
    assert deployment.stop("web") == 0
    [(buckets,)] = deployment.query("SELECT buckets FROM counters WHERE labels->>'route' = '/v1/me'")
    assert sum(buckets) == 5
