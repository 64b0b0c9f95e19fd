"""Log lines."""

import json
import sys
from pathlib import Path

import pytest
import structlog
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from daskop import log
from daskop.log import Surviving


def test_lines_are_json_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    """
    In a cluster each line is an object with level, time, and what is bound to the pass.
    """
    log.configure()
    with bound_contextvars(controller="c", namespace="ns", name="n", reconcile_id="1"):
        structlog.get_logger().info("said", count=3)

    line = json.loads(capsys.readouterr().err)
    assert line.pop("timestamp").endswith("Z")
    bound = {"controller": "c", "namespace": "ns", "name": "n", "reconcile_id": "1"}
    assert {"event": "said", "level": "info", "count": 3, **bound} == line


def test_lines_are_for_people_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    On a terminal the format is for reading, unless told otherwise.
    """
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    log.configure()
    structlog.get_logger().info("said", count=3)

    line = capsys.readouterr().err
    assert "said" in line
    assert not line.startswith("{")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_tracebacks_keep_secrets(
    log_format: log.Format, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    A traceback names the place and the error, never what a variable held.
    """
    log.configure(log_format)
    held = "not-to-be-told"
    with Surviving("failed"):
        raise ValueError(f"with {len(held)} letters")

    told = capsys.readouterr().err
    assert "with 14 letters" in told
    assert "test_tracebacks_keep_secrets" in told
    assert held not in told


@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(3)])
def test_what_goes_wrong_is_logged_and_survived(error: BaseException) -> None:
    """
    Whatever is raised inside, the traceback is kept, the context is text, and it goes on behind.
    """
    with capture_logs() as logs, Surviving("failed", path=Path("x")):
        raise error

    assert [("failed", "x", error)] == [(e["event"], e["path"], e["exc_info"]) for e in logs]


def test_what_goes_well_is_not_logged() -> None:
    """
    Without an error there is no line.
    """
    with capture_logs() as logs, Surviving("failed"):
        pass

    assert [] == logs
