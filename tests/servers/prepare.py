"""`python -m tests.servers.prepare`: installs what the tests need on this machine and pip can't bring.

That is RabbitMQ, if the tests need a private node. PostgreSQL comes as a wheel.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.choose import AMQP_VARIABLE, choose_rabbitmq
from tests.servers.rabbitmq import find_scripts

PACKAGE = "rabbitmq-server"
POLICY = "/usr/sbin/policy-rc.d"
# Debian asks this script before a package starts its service; 101 means no.
START_NOTHING = "#!/bin/sh\nexit 101\n"
BY_HAND = (
    f"The tests need RabbitMQ. Install {PACKAGE} with your package manager, start a Docker engine, "
    f"or name a running RabbitMQ in {AMQP_VARIABLE} (amqp://user:password@host:port/vhost)."
)


def main() -> None:
    if not _is_missing():
        return
    if not shutil.which("apt-get"):
        sys.exit(f"{BY_HAND} Here is no apt-get to install it with.")
    prefix = _as_root()
    if prefix is None:
        sys.exit(f"{BY_HAND} This user may not install packages.")
    print(f"Installing {PACKAGE} for the tests; its service stays off.", flush=True)
    try:
        _install(prefix)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{BY_HAND} Installing it failed: {error}")
    if _is_missing():
        sys.exit(f"{BY_HAND} The package that was installed has no rabbitmq-server script where the tests look for it.")


def _is_missing() -> bool:
    if choose_rabbitmq() != "private":
        return False
    try:
        find_scripts()
    except FileNotFoundError:
        return True
    return False


def _as_root() -> list[str] | None:
    """What to put before a command that needs root, or None where there is no way."""
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"]
    if shutil.which("sudo") and subprocess.run([*sudo, "true"], capture_output=True, check=False).returncode == 0:
        return sudo
    return None


def _install(prefix: list[str]) -> None:
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--quiet"]
    with _no_services_start(prefix):
        subprocess.run([*apt, "update"], check=True)
        subprocess.run([*apt, "install", "--yes", "--no-install-recommends", PACKAGE], check=True)
    if os.path.isdir("/run/systemd/system"):
        # Nor does it start with the machine. It was not installed before, so nobody relies on it.
        subprocess.run([*prefix, "systemctl", "disable", "--quiet", "--now", PACKAGE], check=True)


@contextmanager
def _no_services_start(prefix: list[str]) -> Iterator[None]:
    """Keep packages from starting services, unless this machine has a rule of its own for that."""
    if os.path.exists(POLICY):
        yield
        return
    subprocess.run([*prefix, "tee", POLICY], input=START_NOTHING, text=True, stdout=subprocess.DEVNULL, check=True)
    try:
        subprocess.run([*prefix, "chmod", "755", POLICY], check=True)
        yield
    finally:
        subprocess.run([*prefix, "rm", "--force", POLICY], check=True)


if __name__ == "__main__":
    main()
