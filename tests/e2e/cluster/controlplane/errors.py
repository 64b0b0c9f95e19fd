"""
What can go wrong with a control plane.

    ClusterError                 of the whole tool: one sentence and a hint
    `- ControlPlaneError
       |- ComponentError         a component ended, or did not get ready
       |  `- PortTakenError      ... because somebody took its port; new ports help
       |- SupervisorError        the process that owns the components is gone or refused
       `- ApiError               the API server said no
"""

from tests.e2e.cluster.errors import ClusterError


class ControlPlaneError(ClusterError):
    """The root of what is the control plane's own."""


class ComponentError(ControlPlaneError):
    """A component did not come up; the message ends with the last lines of its log."""

    def __init__(self, component: str, problem: str, log_tail: str) -> None:
        super().__init__(f"{component} {problem}; its log ends with:\n{log_tail or '(nothing)'}")
        self.component = component


class PortTakenError(ComponentError):
    """Between choosing a port and binding it, somebody else took it."""


class SupervisorError(ControlPlaneError):
    """The supervisor cannot do what was asked."""


class ApiError(ControlPlaneError):
    """
    The API server answered with an error.

    Attributes:
        status: HTTP status code.
        reason: The ``reason`` of the Status object, e.g. ``NotFound``.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
