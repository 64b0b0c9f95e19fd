"""The audit log, as the requests it tells of."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request that was answered.

    Attributes:
        user: Who asked; empty if the API server did not know (401).
        verb: What Kubernetes calls it: ``create``, ``get``, ``list``, ``watch``, ``patch`` ...
        resource: Plural name, with the subresource behind a slash if there is one.
        namespace: Empty for what belongs to none.
        name: Empty for lists, and for creates that leave the name to the server.
        code: HTTP status of the answer.
    """

    user: str
    verb: str
    resource: str
    namespace: str
    name: str
    code: int


def requests(log: Path) -> list[Request]:
    """
    Return the requests of an audit log in the order in which they ended.

    A line is written when its request is over, which the client may know a moment earlier: wait
    for the requests that you expect.
    """
    # the last line may still be being written: only a line break ends it
    *lines, _ = log.read_text().split("\n")
    events = (json.loads(line) for line in lines)
    return [_request(event) for event in events if event["stage"] == "ResponseComplete"]


def _request(event: dict[str, dict[str, str]]) -> Request:
    reference = event.get("objectRef", {})
    parts = (reference.get("resource", ""), reference.get("subresource", ""))
    return Request(
        user=event["user"].get("username", ""),
        verb=str(event["verb"]),
        resource="/".join(filter(None, parts)),
        namespace=reference.get("namespace", ""),
        name=reference.get("name", ""),
        code=int(event["responseStatus"]["code"]),
    )
