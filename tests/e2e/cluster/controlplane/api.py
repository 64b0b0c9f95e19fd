"""A small client of the API server for fixtures and tests: JSON in, JSON out."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlencode

import urllib3

from tests.e2e.cluster.controlplane.errors import ApiError
from tests.e2e.cluster.controlplane.waiting import wait_until

Json = dict[str, Any]

MERGE: Final = "application/merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"  # JSON is YAML

_TIMEOUT: Final = urllib3.Timeout(connect=5.0, read=30.0)
_PARALLEL: Final = 16  # connections kept; tests use fewer threads


def path_of(
    api_version: str, plural: str, namespace: str | None = None, name: str | None = None
) -> str:
    """Return the path of an object, or of all objects of its kind if *name* is None."""
    root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
    within = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{within}/{plural}" + (f"/{name}" if name else "")


def has_condition(of: Json, condition: str) -> bool:
    """Whether the condition of that type is True; CRDs have ``conditions: null`` for a while."""
    conditions = of.get("status", {}).get("conditions") or []
    return any(c["type"] == condition and c["status"] == "True" for c in conditions)


class Api:
    """The API server, asked as one user. May be shared by threads."""

    def __init__(self, server: str, authority: Path, token: str) -> None:
        self.server = server
        self._authority = authority
        self._pool = urllib3.PoolManager(
            ca_certs=str(authority),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            maxsize=_PARALLEL,
            timeout=_TIMEOUT,
            retries=False,
        )

    def as_user(self, token: str) -> Self:
        """Return a client of the same server with another token."""
        return type(self)(self.server, self._authority, token)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """
        Ask, and return the JSON (or, for the likes of ``/readyz``, the text) of the answer.

        Raises:
            ApiError: If the answer is no.
            urllib3.exceptions.HTTPError: If there is none.
        """
        response = self._pool.request(
            method,
            self.server + path + (f"?{urlencode(params)}" if params else ""),
            body=None if body is None else json.dumps(body),
            headers={**self._pool.headers, "Content-Type": content_type},
        )
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _error(response)
        if "json" in response.headers.get("Content-Type", ""):
            return response.json()
        return response.data.decode()

    def get(self, path: str) -> Json:
        """Read one object."""
        answer: Json = self.request("GET", path)
        return answer

    def list(self, path: str, selector: str = "") -> "list[Json]":
        """Read all objects of a kind, or those with the labels of *selector*."""
        params = {"labelSelector": selector} if selector else None
        items: list[Json] = self.request("GET", path, params=params)["items"]
        return items

    def create(self, path: str, body: Json) -> Json:
        """Create an object (or a subresource such as ``token``)."""
        answer: Json = self.request("POST", path, body)
        return answer

    def make_namespace(self, name: str) -> None:
        """Make a namespace and wait for its default ServiceAccount: before it no Pod is let in."""
        self.create(path_of("v1", "namespaces"), {"metadata": {"name": name}})
        account = path_of("v1", "serviceaccounts", name, "default")
        self.wait_for(account, lambda _: True, "exists", within_seconds=20)

    def patch(self, path: str, body: Json) -> Json:
        """Merge *body* into an object."""
        answer: Json = self.request("PATCH", path, body, content_type=MERGE)
        return answer

    def apply(self, path: str, body: Json, manager: str = "tests") -> Json:
        """Apply an object on the server's side, in place of other managers if need be."""
        params = {"fieldManager": manager, "force": "true"}
        answer: Json = self.request("PATCH", path, body, content_type=APPLY, params=params)
        return answer

    def delete(self, path: str) -> None:
        """Delete an object, its dependents in the background."""
        self.request("DELETE", path, {"propagationPolicy": "Background"})

    def exists(self, path: str) -> bool:
        """Whether there is such an object."""
        try:
            self.get(path)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def wait_for(
        self, path: str, condition: Callable[[Json], bool], what: str, *, within_seconds: float
    ) -> Json:
        """
        Wait until an object exists and fulfils *condition*, and return it.

        Raises:
            TimeoutError: If it does not.
        """

        def fulfilled() -> Json | None:
            try:
                found = self.get(path)
            except ApiError as error:
                if error.status == HTTPStatus.NOT_FOUND:
                    return None
                raise
            return found if condition(found) else None

        return wait_until(fulfilled, f"{path}: {what}", within_seconds=within_seconds)

    def wait_until_gone(self, path: str, *, within_seconds: float) -> None:
        """
        Wait until there is no such object.

        Raises:
            TimeoutError: If it stays.
        """
        wait_until(lambda: not self.exists(path), f"{path}: gone", within_seconds=within_seconds)


def _error(response: urllib3.BaseHTTPResponse) -> ApiError:
    try:
        status = response.json()
    except ValueError:
        return ApiError(response.status, "", response.data.decode(errors="replace"))
    return ApiError(response.status, status.get("reason", ""), status.get("message", ""))
