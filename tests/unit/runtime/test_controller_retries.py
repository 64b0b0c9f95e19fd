"""When a controller makes a pass again that has failed for the twentieth time."""

from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from daskop.api.meta import NamespacedName
from daskop.errors import ConflictError, DaskopError, ForbiddenError, ServerError
from daskop.metrics import Metrics
from daskop.runtime.controller import Controller
from daskop.runtime.reconciler import Result
from tests.unit.builders import key
from tests.unit.fakes.clock import SteppedClock

BOUND_SECONDS = 8.0
SICK = key("sick")


class Failing:
    """A reconciler whose passes over one key fail."""

    name = "failing"

    def __init__(self) -> None:
        self.error: Exception = DaskopError("sick")
        self._begun: SimpleQueue[NamespacedName] = SimpleQueue()

    def reconcile(self, key: NamespacedName) -> Result:
        """Make one pass."""
        self._begun.put(key)
        if key == SICK:
            raise self.error
        return Result()

    def next(self) -> NamespacedName:
        """Whose pass has begun next; of the one before, all is done."""
        return self._begun.get(timeout=BOUND_SECONDS)


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def reconciler() -> Failing:
    return Failing()


@pytest.fixture
def controller(clock: SteppedClock, reconciler: Failing) -> Iterator[Controller]:
    made = Controller(reconciler, 1, clock, Metrics())
    for _ in range(20):
        clock.step(1000.0)
        made.queue.add_rate_limited(SICK, at_least_seconds=1e6)  # after the test
    clock.step(1000.0)
    made.start()
    yield made
    made.stop()
    assert made.join(BOUND_SECONDS)


def refused(look_again_seconds: float | None) -> ForbiddenError:
    error = ForbiddenError(403, "Forbidden", "not yours")
    error.look_again_seconds = look_again_seconds
    return error


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        pytest.param(ServerError(500, "InternalError", "sick"), 60, id="server"),
        pytest.param(ConflictError(409, "Conflict", "stale"), 60, id="conflict"),
        pytest.param(ZeroDivisionError("bug"), 60, id="bug"),
        pytest.param(refused(None), 60, id="refusal"),
        pytest.param(refused(5.0), 5, id="something else to do"),
        pytest.param(refused(100.0), 60, id="something else to do later"),
    ],
)
def test_a_pass_is_made_again_within_a_minute(
    controller: Controller,
    reconciler: Failing,
    clock: SteppedClock,
    error: Exception,
    seconds: float,
) -> None:
    """
    However often it has failed; sooner if the pass has something else to do, like a late status.
    """
    reconciler.error = error
    for name in ("sick", "well"):
        controller.queue.add(key(name))
        assert key(name) == reconciler.next()

    clock.step(seconds - 1)
    controller.queue.move_due()
    controller.queue.add(key("in between"))
    early = reconciler.next()
    clock.step(1.5)
    controller.queue.move_due()

    assert (key("in between"), SICK) == (early, reconciler.next())
