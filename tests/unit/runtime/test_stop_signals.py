"""How a process notices that it is to end."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from daskop.runtime.stop_signals import StopSignals

BOUND_SECONDS = 8.0

STUBBORN = """
import signal, threading
from daskop.runtime.stop_signals import StopSignals
with StopSignals() as signals:
    print("ready", flush=True)
    signals.wait()
    print("stopping", flush=True)
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
"""
"""A program that hangs when it is to end."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noticed_by_one_who_waits_for_a_lock(number: signal.Signals) -> None:
    """
    Whichever thread the system hands the signal to.
    """
    before = signal.getsignal(number)
    with StopSignals() as signals:
        assert not signals.is_set()
        os.kill(os.getpid(), number)
        signals.wait()
        assert signals.is_set()

    assert before == signal.getsignal(number)


def test_a_signal_that_another_thread_gets_counts() -> None:
    """
    The system may choose a thread that is not the main one.
    """
    with StopSignals() as signals:
        thread = threading.Timer(
            0.1, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
        )
        thread.start()  # while the main thread waits: in between its bytecode it would notice
        signals.wait()
        thread.join()

        assert signals.is_set()


def test_the_second_signal_is_the_end() -> None:
    """
    A program that hangs while it stops ends with the code that a shell gives for the signal.
    """
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            for expected in (b"ready\n", b"stopping\n"):
                assert expected == process.stdout.readline()
                process.terminate()

            assert 128 + signal.SIGTERM == process.wait(BOUND_SECONDS)
        finally:
            process.kill()
