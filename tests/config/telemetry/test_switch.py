"""Where nobody asks for it, nothing of OpenTelemetry is imported; where it is asked for and missing, that is said."""

import os
import subprocess
import sys

import pytest

from tests.end_to_end.deployment import ROOT

ALL = "import actors, actors.http_request, api.app, api.__main__, scheduling.__main__, actors.worker.middleware.trace"
FOUND = "print(sorted(name for name in sys.modules if name.startswith(('opentelemetry', 'google.protobuf'))))"
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


def run(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    given = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run(
        [sys.executable, "-c", f"import sys; {code}"],
        cwd=ROOT,
        env=given | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.parametrize(
    "environment",
    [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, {"OTEL_SDK_DISABLED": "true", **ENDPOINT}],
    ids=["unset", "empty", "disabled"],
)
def test_where_it_is_off_nothing_of_it_is_imported(environment: dict[str, str]) -> None:
    code = f"{ALL}; from config.telemetry import switch; switch.start('callsheet-api'); {FOUND}; print(switch.tracer())"
    assert run(code, environment).stdout.splitlines() == ["[]", "None"]


def test_where_it_is_off_messages_have_no_middleware_for_it() -> None:
    code = (
        f"{ALL}; from actors.worker.wiring import make_middleware; print([type(m).__name__ for m in make_middleware()])"
    )
    assert "Trace" not in run(code, {}).stdout
    assert "Trace" in run(code, ENDPOINT).stdout


def test_where_it_is_on_it_begins_when_the_process_does_and_not_when_modules_are_imported() -> None:
    code = (
        f"{ALL}; {FOUND}; from config.telemetry import switch; switch.start('callsheet-api'); "
        f"print(switch.tracer() is not None); switch.stop(0.1); print(switch.tracer())"
    )
    assert run(code, ENDPOINT).stdout.splitlines() == ["[]", "True", "None"]


def test_where_the_extra_is_missing_that_is_said_and_all_else_works() -> None:
    code = (
        "sys.modules['opentelemetry'] = None; from config.telemetry import switch; switch.start('callsheet-api'); "
        "print(switch.tracer())"
    )
    said = run(code, ENDPOINT).stdout
    assert "no-telemetry" in said
    assert "callsheet[otel]" in said
    assert said.splitlines()[-1] == "None"
