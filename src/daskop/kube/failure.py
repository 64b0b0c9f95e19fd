"""From an answer that is not a success to our errors."""

from collections.abc import Mapping
from typing import Any

from daskop.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    NamespaceTerminatingError,
    NotFoundError,
    QuotaExceededError,
    ServerError,
    TooManyRequestsError,
    UnauthorizedError,
)

_BY_CODE: dict[int, type[ApiError]] = {
    400: InvalidError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    422: InvalidError,
    429: TooManyRequestsError,
}

_UNEXPLAINED = {404: "the API server does not know the resource: are the CRDs installed?"}

NOT_LONGER_SECONDS = 60.0
"""A longer Retry-After is taken for this: somebody may mend the server sooner."""


def failure(code: int, status: Any, retry_after_seconds: float = 0.0) -> ApiError:
    """
    The error that a ``Status`` object stands for.

    Args:
        code: The HTTP code, or that of an ERROR event.
        status: The decoded body; anything but a ``Status`` counts as no explanation, as from a
            proxy on the way, or for a resource that the server has never heard of.
        retry_after_seconds: What the server asks for.
    """
    known = status if isinstance(status, dict) else {}
    reason = known.get("reason") or ""
    message = known.get("message") or _UNEXPLAINED.get(code, f"the API server answered {code}")
    error = _class(code, reason, known)
    return error(code, reason, message, retry_after_seconds)


def _class(code: int, reason: str, status: Mapping[str, Any]) -> type[ApiError]:
    # The reason is more exact than the code: 409 is also a conflict, 410 also an old token of a list.
    if reason == "AlreadyExists":
        return AlreadyExistsError
    if reason == "Expired":
        return GoneError
    causes = (status.get("details") or {}).get("causes") or ()
    if any(cause.get("reason") == "NamespaceTerminating" for cause in causes):
        return NamespaceTerminatingError
    if code == 403 and "exceeded quota" in (status.get("message") or ""):  # noqa: PLR2004 - HTTP's
        return QuotaExceededError  # the server has no reason of its own for it
    return _BY_CODE.get(code, ServerError if code >= 500 else ApiError)  # noqa: PLR2004 - HTTP's


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """What the server asks for, 0 if nothing; it sends whole seconds, never a date."""
    text = headers.get("Retry-After") or ""
    return min(float(text), NOT_LONGER_SECONDS) if text.isdecimal() else 0.0
