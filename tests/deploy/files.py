"""The files that deploy callsheet, each as the processes that it starts."""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.end_to_end.deployment import PROCFILE, ROOT

DEPLOY = ROOT / "deploy"
SYSTEMD = DEPLOY / "systemd"
KUBERNETES = DEPLOY / "kubernetes"
COMPOSES = (ROOT / "compose.yaml", DEPLOY / "compose.development.yaml")
BIN = "/opt/callsheet/.venv/bin/"
KINDS = {"migrate": "release", "release": "release", "postdeploy": "release"}
PLATFORM_SECONDS = 30.0
"""The patience of those that read a Procfile."""


@dataclass(frozen=True)
class Process:
    """What a file starts. Variables whose values are given elsewhere have an empty one."""

    file: str
    name: str
    argv: list[str]
    stop_seconds: float
    environment: dict[str, str] = field(default_factory=dict)
    port: int | None = None
    health: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """As the Procfile calls it."""
        return KINDS.get(self.name, self.name)

    def __str__(self) -> str:
        return f"{self.file}:{self.name}"


def read_yaml(path: Path) -> list[Any]:
    """Its documents, by the rules of YAML 1.2."""
    return list(YAML(typ="safe", pure=True).load_all(path.read_text()))


def read_unit(path: Path) -> dict[str, list[str]]:
    """The values of each `Section.Key` of a unit, in order."""
    values: dict[str, list[str]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            section = header[1]
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            values.setdefault(f"{section}.{key}", []).append(value)
    return values


def units() -> dict[str, dict[str, list[str]]]:
    """The services by their names, each with what all have in common."""
    common = read_unit(SYSTEMD / "callsheet-.service.d" / "common.conf")
    found = {path.stem: read_unit(path) for path in sorted(SYSTEMD.glob("*.service"))}
    return {
        name: {key: common.get(key, []) + unit.get(key, []) for key in common.keys() | unit.keys()}
        for name, unit in found.items()
    }


def manifests(kind: str) -> list[Any]:
    """What Kubernetes is to have of this kind."""
    documents = [each for path in sorted(KUBERNETES.glob("*.yaml")) for each in read_yaml(path)]
    return [each for each in documents if each["kind"] == kind]


def of_procfile() -> Iterator[Process]:
    for name, command in PROCFILE.items():
        yield Process("Procfile", name, shlex.split(command), PLATFORM_SECONDS)


def of_systemd() -> Iterator[Process]:
    for name, unit in units().items():
        environment = dict(each.split("=", 1) for each in unit.get("Service.Environment", []))
        for file in unit["Service.EnvironmentFile"]:
            path = SYSTEMD / Path(file.removeprefix("-")).name
            lines = path.read_text().splitlines() if path.exists() else []
            environment |= dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        [command] = unit["Service.ExecStart"]
        [patience] = unit.get("Service.TimeoutStopSec", ["90"])
        kind = name.removeprefix("callsheet-").removesuffix("@")
        argv = shlex.split(command.removeprefix(BIN))
        yield Process(f"deploy/systemd/{name}.service", kind, argv, float(patience), environment)


def of_kubernetes() -> Iterator[Process]:
    for workload in manifests("Deployment") + manifests("Job"):
        pod = workload["spec"]["template"]["spec"]
        [container] = pod["containers"]
        stop = container.get("lifecycle", {}).get("preStop", {"exec": {"command": ["sleep", "0"]}})
        before = float(stop["exec"]["command"][1])
        probes = [value["httpGet"] for key, value in container.items() if key.endswith("Probe")]
        ports = {each["name"]: each["containerPort"] for each in container.get("ports", [])}
        yield Process(
            "deploy/kubernetes",
            container["name"],
            container["command"],
            pod.get("terminationGracePeriodSeconds", 30) - before,
            {each["name"]: each.get("value", "") for each in container["env"]},
            *{ports[probe["port"]] for probe in probes},
            health=tuple(probe["path"] for probe in probes),
        )


def of_fly() -> Iterator[Process]:
    text = (DEPLOY / "fly.toml").read_text()
    fly = tomllib.loads(text)
    secrets = re.search(r"^# fly secrets set (.*)$", text, flags=re.MULTILINE)
    assert secrets is not None
    environment = dict.fromkeys(re.findall(r"(\w+)=", secrets[1]), "") | fly["env"]
    patience = float(fly["kill_timeout"].removesuffix("s"))
    commands = {"release": fly["deploy"]["release_command"], **fly["processes"]}
    http = fly["http_service"]
    for name, command in commands.items():
        is_web = [name] == http["processes"]
        yield Process(
            "deploy/fly.toml",
            name,
            shlex.split(command),
            patience,
            environment,
            port=http["internal_port"] if is_web else None,
            health=tuple(check["path"] for check in http["checks"]) if is_web else (),
        )


def of_render() -> Iterator[Process]:
    [render] = read_yaml(DEPLOY / "render.yaml")
    for service in render["services"]:
        environment = {each["key"]: each.get("value", "") for each in service["envVars"]}
        patience = float(service["maxShutdownDelaySeconds"])
        health = tuple(service[key] for key in ("healthCheckPath",) if key in service)
        name = service["name"].removeprefix("callsheet-")
        argv = shlex.split(service["dockerCommand"])
        yield Process("deploy/render.yaml", name, argv, patience, environment, health=health)
        if before := service.get("preDeployCommand"):
            yield Process("deploy/render.yaml", "release", shlex.split(before), patience, environment)


def of_compose() -> Iterator[Process]:
    for path in COMPOSES:
        [compose] = read_yaml(path)
        for name, service in compose["services"].items():
            if "build" not in service:
                continue
            patience = float(str(service.get("stop_grace_period", "10s")).removesuffix("s"))
            environment = {key: "" if "${" in value else value for key, value in service["environment"].items()}
            port = int(service["ports"][0].rpartition(":")[2]) if "ports" in service else None
            file = path.relative_to(ROOT).as_posix()
            yield Process(file, name, service["command"], patience, environment, port)


def of_image() -> Iterator[Process]:
    command = re.search(r"^CMD (.*)$", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert command is not None
    yield Process("Dockerfile", "web", json.loads(command[1]), PLATFORM_SECONDS)


PROCESSES = [
    *of_procfile(),
    *of_systemd(),
    *of_kubernetes(),
    *of_fly(),
    *of_render(),
    *of_compose(),
    *of_image(),
]
