"""What programs print, as pages show it."""

import pytest

from api.dashboard.frame.words import printed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext\n", "plain\n\ttext\n"),
        ("\x1b[1;31mred\x1b[0m and \x1b[38;5;12mblue\x1b[K", "red and blue"),
        ("\x1b]0;title\x07a\x1b]8;;http://x\x1b\\b\x1b]8;;\x1b\\c", "abc"),
        ("\x1b(Ba\x1b=b\x1bMc", "abc"),
        ("\x1b]no end, and so all of it", "no end, and so all of it"),
        ("10%\r20%\r\ndone", "10%\n20%\ndone"),
        ("a\x00b\x07c\x7fd\x9be\x1b", "a␀b␇c\N{REPLACEMENT CHARACTER}d\N{REPLACEMENT CHARACTER}e␛"),
    ],
)
def test_orders_to_terminals_are_left_out_and_control_characters_are_seen(text: str, shown: str) -> None:
    assert printed(text) == shown


def test_much_that_never_ends_takes_no_time() -> None:
    assert len(printed("\x1b]" * 100_000)) == 0
    assert len(printed("\x1b[" + "0" * 200_000)) > 0
