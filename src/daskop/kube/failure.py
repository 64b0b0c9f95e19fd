"""From an answer that is not a success to our errors."""

import json
from typing import Any

from daskop.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NotFoundError,
)

_BY_CODE: dict[int, type[ApiError]] = {
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    422: InvalidError,
}

_UNEXPLAINED = {404: "the API server does not know the resource: are the CRDs installed?"}


def failure(code: int, status: Any) -> ApiError:
    """
    The error that a ``Status`` object stands for.

    Args:
        code: The HTTP code, or that of an ERROR event.
        status: The decoded body; anything but a ``Status`` counts as no explanation, as from a
            proxy on the way, or for a resource that the server has never heard of.
    """
    known = status if isinstance(status, dict) else {}
    reason = known.get("reason") or ""
    message = known.get("message") or _UNEXPLAINED.get(code, f"the API server answered {code}")
    error = _BY_CODE.get(code, ApiError)
    if reason == "AlreadyExists":
        error = AlreadyExistsError
    elif reason == "Expired":
        error = GoneError
    return error(code, reason, message)


def decoded(body: bytes) -> Any:
    """*body* as JSON, or None if it is none: a proxy on the way may answer in HTML."""
    try:
        return json.loads(body)
    except ValueError:
        return None
