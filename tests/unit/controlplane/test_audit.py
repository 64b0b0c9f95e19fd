"""Reading an audit log while it is written."""

import json
from pathlib import Path

from tests.e2e.cluster.controlplane.audit import Request, requests


def an_event(stage: str = "ResponseComplete", subresource: str = "", user: str = "me") -> str:
    reference = {"resource": "pods", "namespace": "ns", "name": "p", "subresource": subresource}
    event = {
        "stage": stage,
        "verb": "patch",
        "user": {"username": user} if user else {},
        "objectRef": reference,
        "responseStatus": {"code": 200},
    }
    return json.dumps(event) + "\n"


def test_a_request_is_counted_once(tmp_path: Path) -> None:
    """
    A watch writes a line when it starts and one when it ends: it is one request.
    """
    log = tmp_path / "audit.jsonl"
    log.write_text(an_event("ResponseStarted") + an_event("ResponseComplete"))

    assert [Request("me", "patch", "pods", "ns", "p", 200)] == requests(log)


def test_a_half_written_line_is_left_for_later(tmp_path: Path) -> None:
    """
    What the API server is still writing is not read yet.
    """
    log = tmp_path / "audit.jsonl"
    log.write_text(an_event() + an_event()[:20])

    assert 1 == len(requests(log))


def test_a_subresource_and_a_stranger_are_told(tmp_path: Path) -> None:
    """
    The status subresource is part of the resource; a request without a known user has none.
    """
    log = tmp_path / "audit.jsonl"
    log.write_text(an_event(subresource="status", user=""))

    assert [("pods/status", "")] == [(r.resource, r.user) for r in requests(log)]
