"""
Every error of daskop, by meaning.

::

    DaskopError
    ├── ApiError                       the API server answered, and not with success
    │   ├── AlreadyExistsError         409, a create met an object of that name
    │   ├── ConflictError              409, the object is not what the caller read
    │   ├── ForbiddenError             403, rights or admission
    │   │   ├── NamespaceTerminatingError   nothing can be made there any more
    │   │   └── QuotaExceededError     there is no room for it
    │   ├── GoneError                  410, the resourceVersion is too old
    │   ├── InvalidError               422 and 400, the object breaks a rule of its schema
    │   ├── NotFoundError              404
    │   ├── ServerError                5xx, the server is sick or overloaded
    │   ├── TooManyRequestsError       429, the server did nothing: ask again later
    │   └── UnauthorizedError          401, the credentials are not valid (any more)
    ├── ConnectionFailedError          no answer, or half of one: the effect of a write is unknown
    ├── InvalidManifestError           an object that does not fit its kind's model
    ├── NameTakenError                 an object that is not ours stands under a name we need
    ├── NotLeaderError                 another replica may lead by now: nothing is written
    ├── OutdatedSchemaError            a CRD that is older than the operator dropped what it wrote
    ├── ShutDownError                  a queue that was shut down and is empty
    └── VersionsWentBackError          the server was restored: its past is not the one we saw
"""

from typing import ClassVar


class DaskopError(Exception):
    """
    Anything that daskop raises on purpose.

    Attributes:
        condition_reason: One CamelCase word for conditions and events.
        look_again_seconds: When a pass that failed has something else to do; None if it has not.
    """

    condition_reason: ClassVar[str] = "Failed"
    look_again_seconds: float | None = None


class ApiError(DaskopError):
    """
    The API server answered with a failure.

    Attributes:
        code: The HTTP status code.
        reason: The machine-readable reason of the ``Status`` object, or an empty string.
        retry_after_seconds: Sooner than that the server does not want to be asked again.
    """

    def __init__(
        self, code: int, reason: str, message: str, retry_after_seconds: float = 0.0
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class AlreadyExistsError(ApiError):
    """A create met an object of the same name."""


class ConflictError(ApiError):
    """The object changed, or was replaced, since the caller read it."""


class ForbiddenError(ApiError):
    """A write or read was denied: rights or admission."""

    condition_reason = "Forbidden"


class QuotaExceededError(ForbiddenError):
    """A ResourceQuota has no room for the object."""

    condition_reason = "QuotaExceeded"


class NamespaceTerminatingError(ForbiddenError):
    """The namespace is being deleted, with all that is in it."""


class GoneError(ApiError):
    """The resourceVersion is older than what the server still knows: list anew."""


class InvalidError(ApiError):
    """The object breaks a rule of its schema."""

    condition_reason = "InvalidSpec"


class NotFoundError(ApiError):
    """There is no such object (any more)."""


class ServerError(ApiError):
    """The server, an admission webhook or a proxy is sick or overloaded."""

    condition_reason = "ServerError"


class TooManyRequestsError(ApiError):
    """The server turned the request away without acting on it."""


class UnauthorizedError(ApiError):
    """The server does not accept our credentials."""


class ConnectionFailedError(DaskopError):
    """No answer came, or only a part of one: whether a write took effect is not known."""


class InvalidManifestError(DaskopError):
    """An object does not fit the model of its kind."""


class NameTakenError(DaskopError):
    """An object that is not ours stands under a name that we need."""

    condition_reason = "NameConflict"


class NotLeaderError(DaskopError):
    """We may not lead any more, so that nothing may be written."""


class OutdatedSchemaError(DaskopError):
    """A CRD does not know fields that we wrote, so that the server dropped them."""

    condition_reason = "OutdatedSchema"


class ShutDownError(DaskopError):
    """The queue is shut down and has nothing left."""


class VersionsWentBackError(DaskopError):
    """The server's resourceVersions went back, as after a restore of etcd: list anew."""


REFUSALS = (ForbiddenError, InvalidError, NameTakenError, OutdatedSchemaError)
"""Failures that people have to mend; the same request fails again until they have."""

TOLD = (*REFUSALS, ServerError)
"""Failures of which the object's status tells: also a webhook that is down may stay so for long."""
