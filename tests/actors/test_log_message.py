import pytest
import structlog

from actors.log_message import log_message
from tests.actors.conftest import RUN_ID


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_the_message_is_logged_and_is_the_output(run, level):
    with structlog.testing.capture_logs() as lines:
        log_message.fn("hello", level)
    assert [(line["log_level"], line["text"], line["run_id"]) for line in lines] == [(level, "hello", str(RUN_ID))]
    assert run.output.text() == ("hello\n", False)


def test_another_level_is_refused(run):
    with pytest.raises(ValueError, match="debug, info, warning, error"):
        log_message.fn("hello", "fatal")
