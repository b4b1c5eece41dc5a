"""`python -m tests.servers.prepare`: installs what the tests need on this machine and pip can't bring.

That is RabbitMQ, if the tests need a private node, Chromium, without which those in a browser are skipped, and
Prometheus, without which those by its promtool are. PostgreSQL comes as a wheel.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.servers import chromium, promtool
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
    if _is_missing() and (why := _why_not([PACKAGE])):
        sys.exit(f"{BY_HAND} {why}")
    if _is_missing():
        sys.exit(f"{BY_HAND} The package that was installed has no rabbitmq-server script where the tests look for it.")
    if chromium.find_chromium() is None and (why := _why_not([chromium.PACKAGE])):
        print(f"Tests in a browser are skipped, as {chromium.PACKAGE} is not installed here. {why}", flush=True)
    if promtool.find_promtool() is None and (why := _why_not([promtool.PACKAGE])):
        print(f"Tests by promtool are skipped, as {promtool.PACKAGE} is not installed here. {why}", flush=True)


def _why_not(packages: Sequence[str]) -> str | None:
    """Install them; why that can't be done, in a sentence."""
    if not shutil.which("apt-get"):
        return "Here is no apt-get to install it with."
    prefix = _as_root()
    if prefix is None:
        return "This user may not install packages."
    print(f"Installing {', '.join(packages)} for the tests; no service starts.", flush=True)
    try:
        _install(prefix, packages)
    except subprocess.CalledProcessError as error:
        return f"Installing it failed: {error}"
    return None


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


def _install(prefix: list[str], packages: Sequence[str]) -> None:
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--quiet"]
    with _no_services_start(prefix):
        subprocess.run([*apt, "update"], check=True)
        subprocess.run([*apt, "install", "--yes", "--no-install-recommends", *packages], check=True)
    services = [package for package in packages if package in (PACKAGE, promtool.PACKAGE)]
    if services and os.path.isdir("/run/systemd/system"):
        # Nor do they start with the machine. They were not installed before, so nobody relies on them.
        subprocess.run([*prefix, "systemctl", "disable", "--quiet", "--now", *services], check=True)


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
