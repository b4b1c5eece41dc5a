"""The base for Kubernetes: what selects selects something, and a pod may do little."""

from pathlib import PurePosixPath
from typing import Any

import pytest

from tests.deploy.files import KUBERNETES, manifests, read_yaml

DEPLOYMENTS = manifests("Deployment")
PODS = {each["metadata"]["name"]: each["spec"]["template"] for each in DEPLOYMENTS + manifests("Job")}


def selected_by(labels: dict[str, str]) -> list[str]:
    return [
        each["metadata"]["name"]
        for each in DEPLOYMENTS
        if labels.items() <= each["spec"]["template"]["metadata"]["labels"].items()
    ]


def test_the_base_has_every_file() -> None:
    [kustomization] = read_yaml(KUBERNETES / "kustomization.yaml")
    there = {path.name for path in KUBERNETES.glob("*.yaml")}
    assert {*kustomization["resources"]} == there - {"kustomization.yaml"}


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["metadata"]["name"])
def test_a_deployment_and_its_budget_select_its_pods(deployment: Any) -> None:
    name = deployment["metadata"]["name"]
    assert selected_by(deployment["spec"]["selector"]["matchLabels"]) == [name]
    [budget] = [each for each in manifests("PodDisruptionBudget") if each["metadata"]["name"] == name]
    assert selected_by(budget["spec"]["selector"]["matchLabels"]) == [name]
    assert budget["spec"].get("minAvailable", 0) < deployment["spec"]["replicas"]


def test_the_service_leads_to_the_port_of_the_api() -> None:
    [service] = manifests("Service")
    assert selected_by(service["spec"]["selector"]) == ["callsheet-web"]
    [container] = PODS["callsheet-web"]["spec"]["containers"]
    assert {each["targetPort"] for each in service["spec"]["ports"]} == {each["name"] for each in container["ports"]}


@pytest.mark.parametrize("pod", PODS.values(), ids=PODS)
def test_a_pod_may_do_little(pod: Any) -> None:
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("pod", PODS.values(), ids=PODS)
def test_what_a_pod_mounts_is_there(pod: Any) -> None:
    volumes = {each["name"] for each in pod["spec"].get("volumes", [])}
    mounts = {mount["name"] for each in pod["spec"]["containers"] for mount in each.get("volumeMounts", [])}
    assert mounts == volumes


def test_the_api_lives_by_itself_and_is_ready_with_the_service() -> None:
    """Its drain begins once nobody sends it requests any more."""
    [container] = PODS["callsheet-web"]["spec"]["containers"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["readinessProbe"]["httpGet"]["path"] == "/health/ready"
    assert container["lifecycle"]["preStop"]["exec"]["command"][0] == "sleep"


def test_a_worker_keeps_its_journal_below_a_volume_of_its_pod() -> None:
    [container] = PODS["callsheet-worker"]["spec"]["containers"]
    [folder] = [each["value"] for each in container["env"] if each["name"] == "CALLSHEET_WORKER__JOURNAL_FOLDER"]
    assert str(PurePosixPath(folder).parent) in {mount["mountPath"] for mount in container["volumeMounts"]}


def test_a_migration_is_tried_again_and_then_taken_away() -> None:
    """A Job can't be changed: one that stays would stand in the way of the next release."""
    [job] = manifests("Job")
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "OnFailure"
    assert job["spec"]["ttlSecondsAfterFinished"] > 0
