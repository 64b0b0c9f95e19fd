"""Lines that a test run shows although pytest captures the output of tests."""

import pytest


def say(config: pytest.Config, line: str) -> None:
    """Write a line to the terminal, past the capture of a test's output."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    capture = config.pluginmanager.get_plugin("capturemanager")
    if terminal is None or capture is None:
        return
    with capture.global_and_fixture_disabled():
        terminal.ensure_newline()
        terminal.write_line(line)
