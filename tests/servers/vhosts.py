"""Virtual hosts of the shared node, made in batches: rabbitmqctl takes as long for one as for many."""

import json
from pathlib import Path
from typing import Any

from tests.servers import containers, shared
from tests.servers.rabbitmq import RabbitNode

BATCH = 16


def definitions(first: int) -> dict[str, Any]:
    """Definitions of a batch of virtual hosts that the user guest may use."""
    names = [vhost_name(number) for number in range(first, first + BATCH)]
    everything = {"user": "guest", "configure": ".*", "write": ".*", "read": ".*"}
    return {
        "vhosts": [{"name": name} for name in names],
        "permissions": [{"vhost": name, **everything} for name in names],
    }


def vhost_name(number: int) -> str:
    return f"test{number:04}"


def take_vhost(node: shared.Shared) -> str:
    """The URL of a virtual host that no other test of this run has had."""
    with shared.locked("vhosts") as record:
        number = json.loads(record.read_text()) if record.exists() else 0
        if number % BATCH == 0:
            _import(definitions(number), node)
        record.write_text(json.dumps(number + 1))
    return f"{node['url']}/{vhost_name(number)}"


def _import(batch: dict[str, Any], node: shared.Shared) -> None:
    folder = Path(node["folder"])
    if node["kind"] == "container":
        script = 'printf %s "$0" > /tmp/batch.json && rabbitmqctl import_definitions /tmp/batch.json'
        containers.run_in_container(folder, "sh", "-c", script, json.dumps(batch))
    else:
        path = folder / "batch.json"
        path.write_text(json.dumps(batch))
        RabbitNode(folder=folder).ctl("import_definitions", str(path))
