"""Images and versions are the same wherever they are named."""

import re
import tomllib
from typing import Any

from migrations.server import OLDEST_VERSION
from tests.deploy.files import COMPOSES, DEPLOY, KUBERNETES, manifests, read_yaml
from tests.end_to_end.deployment import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def image_of(compose: Any, service: str) -> str:
    image: str = compose["services"][service]["image"]
    return image


def test_servers_are_the_same_everywhere_and_new_enough() -> None:
    production, development = (read_yaml(path)[0] for path in COMPOSES)
    assert image_of(production, "postgres") == image_of(development, "postgres")
    assert image_of(production, "rabbitmq") == image_of(development, "rabbitmq").replace("-management", "")
    major = re.search(r":(\d+)", image_of(production, "postgres"))
    assert major is not None
    assert int(major[1]) * 10000 >= OLDEST_VERSION
    [render] = read_yaml(DEPLOY / "render.yaml")
    assert [each["postgresMajorVersion"] for each in render["databases"]] == [major[1]]


def test_the_image_has_a_python_that_the_project_allows() -> None:
    python = re.search(r"^FROM python:(\d+)\.(\d+)-slim$", DOCKERFILE, flags=re.MULTILINE)
    oldest = re.fullmatch(r">=(\d+)\.(\d+)", PROJECT["requires-python"])
    assert python is not None
    assert oldest is not None
    assert tuple(map(int, python.groups())) >= tuple(map(int, oldest.groups()))


def test_kubernetes_runs_the_image_of_this_version() -> None:
    [kustomization] = read_yaml(KUBERNETES / "kustomization.yaml")
    [image] = kustomization["images"]
    assert image["newTag"] == PROJECT["version"]
    pods = [each["spec"]["template"]["spec"] for each in manifests("Deployment") + manifests("Job")]
    assert {container["image"] for pod in pods for container in pod["containers"]} == {image["name"]}


def test_kubernetes_runs_it_as_its_own_user() -> None:
    user = re.search(r"^USER (\d+)$", DOCKERFILE, flags=re.MULTILINE)
    assert user is not None
    assert f"useradd --system --uid {user[1]} " in DOCKERFILE
    pods = [each["spec"]["template"]["spec"] for each in manifests("Deployment") + manifests("Job")]
    assert {pod["securityContext"]["runAsUser"] for pod in pods} == {int(user[1])}


def test_what_builds_the_image_finds_the_dockerfile() -> None:
    fly = tomllib.loads((DEPLOY / "fly.toml").read_text())
    assert (DEPLOY / fly["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    [render] = read_yaml(DEPLOY / "render.yaml")
    for service in render["services"]:
        assert (ROOT / service["dockerfilePath"]).resolve() == ROOT / "Dockerfile"
        assert (ROOT / service["dockerContext"]).resolve() == ROOT
    for path in COMPOSES:
        [compose] = read_yaml(path)
        builds = {service["build"] for service in compose["services"].values() if "build" in service}
        assert {(path.parent / build).resolve() for build in builds} == {ROOT}
