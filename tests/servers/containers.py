"""Containers for the shared servers. Each command runs apart, away from the warnings of the libraries.

`python -m tests.servers.containers check | postgres | rabbitmq`
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
POSTGRES_IMAGE = "postgres:14-alpine"
RABBITMQ_IMAGE = "rabbitmq:3.8"
PING_SECONDS = 2
CHECK_SECONDS = 15
# The first start may have to pull the image.
START_SECONDS = 280
NOTE = "container"


def engine_answers() -> bool:
    """Whether a Docker engine can be reached, found the way the Docker client finds it."""
    try:
        return _run("check", CHECK_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def start_container(name: str, folder: Path) -> str:
    """Start the `postgres` or `rabbitmq` container, note it in `folder` for the keeper, and return its URL."""
    result = _run(name, START_SECONDS)
    if result.returncode:
        raise RuntimeError(f"the {name} container did not start:\n{result.stderr}")
    started = json.loads(result.stdout.splitlines()[-1])
    (folder / NOTE).write_text(started["id"])
    return started["url"]


def run_in_container(folder: Path, *argv: str) -> str:
    import docker

    client = docker.from_env()
    try:
        code, output = client.containers.get((folder / NOTE).read_text()).exec_run(list(argv))
    finally:
        client.close()
    if code:
        raise RuntimeError(f"{argv[0]} in the container ended with code {code}:\n{output.decode(errors='replace')}")
    return output.decode()


def remove_noted(folder: Path) -> None:
    notes = list(folder.glob(f"*/{NOTE}"))
    if not notes:
        return
    import docker

    client = docker.from_env()
    for note in notes:
        client.containers.get(note.read_text()).remove(force=True, v=True)


def _run(command: str, timeout: float) -> subprocess.CompletedProcess[str]:
    # The library's own reaper would end the containers with the first worker that ends; the keeper ends them.
    env = os.environ | {"TESTCONTAINERS_RYUK_DISABLED": "true"}
    argv = [sys.executable, "-m", "tests.servers.containers", command]
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=timeout, check=False)


def _check() -> None:
    import docker

    try:
        docker.from_env(timeout=PING_SECONDS).ping()
    except docker.errors.DockerException as error:
        sys.exit(str(error))


def _postgres() -> dict[str, str]:
    from testcontainers.community.postgres import PostgresContainer

    server = PostgresContainer(POSTGRES_IMAGE, driver=None)
    server.with_command("postgres -c max_connections=300 -c fsync=off").start()
    return {"id": server.get_wrapped_container().id, "url": server.get_connection_url()}


def _rabbitmq() -> dict[str, str]:
    from testcontainers.community.rabbitmq import RabbitMqContainer

    server = RabbitMqContainer(RABBITMQ_IMAGE).start()
    address = f"{server.get_container_host_ip()}:{server.get_exposed_port(server.port)}"
    return {"id": server.get_wrapped_container().id, "url": f"amqp://{server.username}:{server.password}@{address}"}


if __name__ == "__main__":
    if sys.argv[1] == "check":
        _check()
    else:
        print(json.dumps({"postgres": _postgres, "rabbitmq": _rabbitmq}[sys.argv[1]]()))
