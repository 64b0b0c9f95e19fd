"""How threads share connections."""

import threading
from queue import Empty, Full

import pytest

from daskop.kube.connections import TakingTurns

BOUND_SECONDS = 8.0


def test_what_comes_back_goes_to_who_has_waited_for_longest() -> None:
    """
    A thread that gives a connection back does not get it again before those that wait.
    """
    stack = TakingTurns(1)
    served: list[str] = []
    threads = []
    for name in ("first", "second"):
        waiting = len(stack._waiting)  # noqa: SLF001 - that it waits cannot be seen otherwise
        thread = threading.Thread(target=lambda name=name: served.append(f"{name} {stack.get()}"))
        thread.start()
        threads.append(thread)
        while len(stack._waiting) == waiting:  # noqa: SLF001 - as above
            threading.Event().wait(0.001)
    stack.put("a")
    with pytest.raises(Empty):
        stack.get(block=False)
    stack.put("b")
    for thread in threads:
        thread.join(BOUND_SECONDS)

    assert {"first a", "second b"} == set(served)


def test_who_waits_in_vain_is_told() -> None:
    """
    After its time a thread gives up, and what comes later goes to others.
    """
    stack = TakingTurns(1)
    with pytest.raises(Empty):
        stack.get(timeout=0.01)
    stack.put("a")

    assert "a" == stack.get(block=False)


def test_the_last_one_put_is_the_first_one_taken() -> None:
    """
    The connection that was used last is the least likely to have been closed by the server.
    """
    stack = TakingTurns(2)
    stack.put("old")
    stack.put("young")
    with pytest.raises(Full):
        stack.put("one too many")

    assert ["young", "old"] == [stack.get(), stack.get()]
