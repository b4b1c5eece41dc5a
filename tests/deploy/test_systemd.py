"""The units of systemd: what belongs together is together, and what a unit may do is little."""

import pytest

from tests.deploy.files import SYSTEMD, read_unit, units

UNITS = units()
HARDENED = {
    "AmbientCapabilities": "",
    "CapabilityBoundingSet": "",
    "LockPersonality": "yes",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHome": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectSystem": "strict",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallFilter": "@system-service",
    "UMask": "0077",
    "User": "callsheet",
}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_a_unit_may_do_little(unit: dict[str, list[str]]) -> None:
    assert {key: unit[f"Service.{key}"] for key in HARDENED} == {key: [value] for key, value in HARDENED.items()}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_a_unit_belongs_to_the_target_and_starts_with_it(unit: dict[str, list[str]]) -> None:
    assert unit["Unit.PartOf"] == unit["Install.WantedBy"] == ["callsheet.target"]
    assert read_unit(SYSTEMD / "callsheet.target")["Install.WantedBy"] == ["multi-user.target"]


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_what_a_unit_comes_after_is_there(unit: dict[str, list[str]]) -> None:
    ours = [name for line in unit["Unit.After"] for name in line.split() if name.startswith("callsheet")]
    assert all((SYSTEMD / name).exists() for name in ours)


def test_a_migration_is_run_once_each_time_and_again_only_if_it_fails() -> None:
    migrate = UNITS["callsheet-migrate"]
    assert migrate["Service.Type"] == ["oneshot"]
    assert migrate["Service.Restart"] == ["on-failure"]
    assert "Service.RemainAfterExit" not in migrate, "or a restart of the target would not run it"
    assert migrate["Service.TimeoutStartSec"] == ["infinity"]


def test_what_serves_is_started_again_unless_its_settings_are_wrong() -> None:
    for name in ("callsheet-web", "callsheet-scheduling", "callsheet-worker@"):
        assert UNITS[name]["Service.Restart"] == ["always"]
        assert UNITS[name]["Service.RestartPreventExitStatus"] == ["78"]


def test_the_end_of_a_worker_leaves_its_programs_and_its_journal_alone() -> None:
    worker = UNITS["callsheet-worker@"]
    assert worker["Service.KillMode"] == ["mixed"]
    assert worker["Service.OOMPolicy"] == ["continue"]
    [state] = worker["Service.StateDirectory"]
    assert worker["Service.Environment"] == [f"CALLSHEET_WORKER__JOURNAL_FOLDER=/var/lib/{state}/journals"]


def test_every_file_of_variables_is_there_or_may_be_missing() -> None:
    needed = {file for unit in UNITS.values() for file in unit["Service.EnvironmentFile"] if not file.startswith("-")}
    assert needed == {f"/etc/callsheet/{path.name}" for path in SYSTEMD.glob("*.env")}
