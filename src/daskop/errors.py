"""
Every error of daskop, by meaning.

::

    DaskopError
    ├── ApiError                 the API server answered, and not with success
    │   ├── AlreadyExistsError   409, a create met an object of that name
    │   ├── ConflictError        409, the object is not what the caller read
    │   ├── ForbiddenError       403, rights, quota or admission
    │   ├── GoneError            410, the resourceVersion is too old
    │   ├── InvalidError         422, the object breaks a rule of its schema
    │   └── NotFoundError        404
    ├── ConnectionFailedError    no answer, or half of one: the effect of a write is unknown
    ├── InvalidManifestError     an object that does not fit its kind's model
    ├── NameTakenError           an object that is not ours stands under a name we need
    └── ShutDownError            a queue that was shut down and is empty
"""


class DaskopError(Exception):
    """Anything that daskop raises on purpose."""


class ApiError(DaskopError):
    """
    The API server answered with a failure.

    Attributes:
        code: The HTTP status code.
        reason: The machine-readable reason of the ``Status`` object, or an empty string.
    """

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason


class AlreadyExistsError(ApiError):
    """A create met an object of the same name."""


class ConflictError(ApiError):
    """The object changed, or was replaced, since the caller read it."""


class ForbiddenError(ApiError):
    """A write or read was denied: rights, quota or admission."""


class GoneError(ApiError):
    """The resourceVersion is older than what the server still knows: list anew."""


class InvalidError(ApiError):
    """The object breaks a rule of its schema."""


class NotFoundError(ApiError):
    """There is no such object (any more)."""


class ConnectionFailedError(DaskopError):
    """No answer came, or only a part of one: whether a write took effect is not known."""


class InvalidManifestError(DaskopError):
    """An object does not fit the model of its kind."""


class NameTakenError(DaskopError):
    """An object that is not ours stands under a name that we need."""


class ShutDownError(DaskopError):
    """The queue is shut down and has nothing left."""
