"""How long a call of the work queue takes while 32 threads use it at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from queue import SimpleQueue
from time import perf_counter
from typing import TypeAlias

from benchmarks.figure import RUNS, Benchmark, Figure, Say, Target, p50, p99
from daskop.api.meta import NamespacedName
from daskop.clock import SystemClock
from daskop.metrics import Metrics
from daskop.workqueue.queue import WorkQueue

THREADS = 32
CALLS_OF_A_THREAD = 3_200
RESERVE = 64
"""Items that are in the queue beforehand: no ``get`` waits for an ``add``."""

ROUNDS_AT_ONCE = 10
PAUSE_SECONDS = THREADS * ROUNDS_AT_ONCE * 3 / 100_000
"""Between two bursts of a thread: all of them together then make 100,000 calls a second."""

TARGET = Target(1.0)
MILLISECONDS = 1000.0

Latencies: TypeAlias = tuple[list[float], ...]
"""Milliseconds of every call: one list for ``add``, one for ``get``, and so on."""

Loop: TypeAlias = Callable[[Sequence[NamespacedName]], Latencies]
"""What one thread does with items of its own."""


def work_queue() -> Loop:
    """Use one of the operator's queues."""
    queue: WorkQueue[NamespacedName] = WorkQueue(Metrics().queue("bench"), SystemClock())
    for key in keys("reserve", RESERVE):
        queue.add(key)

    def loop(items: Sequence[NamespacedName]) -> Latencies:
        adds, gets, dones = [], [], []
        for item in items:
            began = perf_counter()
            queue.add(item)
            added = perf_counter()
            taken = queue.get()
            got = perf_counter()
            queue.done(taken)
            ended = perf_counter()
            adds.append((added - began) * MILLISECONDS)
            gets.append((got - added) * MILLISECONDS)
            dones.append((ended - got) * MILLISECONDS)
        return adds, gets, dones

    return loop


def simple_queue() -> Loop:
    """Use one of Python's queues, which is written in C and promises less."""
    queue: SimpleQueue[NamespacedName] = SimpleQueue()
    for key in keys("reserve", RESERVE):
        queue.put(key)

    def loop(items: Sequence[NamespacedName]) -> Latencies:
        puts, gets = [], []
        for item in items:
            began = perf_counter()
            queue.put(item)
            added = perf_counter()
            queue.get()
            ended = perf_counter()
            puts.append((added - began) * MILLISECONDS)
            gets.append((ended - added) * MILLISECONDS)
        return puts, gets

    return loop


def keys(namespace: str, number: int) -> list[NamespacedName]:
    """So many different keys."""
    return [NamespacedName(namespace, f"item-{n}") for n in range(number)]


def paced(loop: Loop) -> Loop:
    """*loop*, in bursts with pauses between them."""

    def bursts(items: Sequence[NamespacedName]) -> Latencies:
        never, parts = threading.Event(), list[Latencies]()
        for start in range(0, len(items), ROUNDS_AT_ONCE):
            parts.append(loop(items[start : start + ROUNDS_AT_ONCE]))
            never.wait(PAUSE_SECONDS)
        return joined(parts)

    return bursts


def joined(parts: Sequence[Latencies]) -> Latencies:
    """The latencies of several loops together."""
    return tuple(list(chain.from_iterable(part)) for part in zip(*parts, strict=True))


def hammer(loop: Loop, threads: int = THREADS, calls: int = CALLS_OF_A_THREAD) -> Latencies:
    """Run *loop* in all threads at once, and put their latencies together."""
    barrier = threading.Barrier(threads)

    def work(number: int) -> Latencies:
        items = keys(f"thread-{number}", calls)
        barrier.wait()
        return loop(items)

    with ThreadPoolExecutor(threads) as pool:
        return joined(list(pool.map(work, range(threads))))


def measure(say: Say) -> list[Figure]:
    """Use both queues in turn, each at the given rate and as fast as the threads can."""
    figures = []
    for pace, target in (("", TARGET), (", no pauses", None)):
        ours, bare = [], []
        for _ in range(RUNS):
            loops = [simple_queue(), work_queue()]
            if not pace:
                loops = [paced(loop) for loop in loops]
            bare.append(hammer(loops[0]))
            ours.append(hammer(loops[1]))
            adds, gets, dones = map(p99, ours[-1])
            say(f"99 % within{pace}: add {adds:.3f} ms, get {gets:.3f} ms, done {dones:.3f} ms")
        figures += _figures(ours, bare, pace, target)
    return figures


def _figures(
    ours: list[Latencies], bare: list[Latencies], pace: str, target: Target | None
) -> list[Figure]:
    figures = []
    for at, name in enumerate(("add", "get", "done")):
        for share, quantile, limit in (("p50", p50, None), ("p99", p99, target)):
            values = tuple(quantile(run[at]) for run in ours)
            others = tuple(quantile(run[at]) for run in bare if at < len(run))
            figures.append(Figure(f"{name} {share}{pace}", "ms", values, others, limit))
    return figures


BENCHMARK = Benchmark(
    "Latency of the work queue",
    f"{THREADS} threads add an item, get one and are done with it, {CALLS_OF_A_THREAD:,} times each, "
    "together 100,000 calls a second (more than a thousand operators need); and once more as fast as "
    f"they can, when most of the time they wait for each other. {RESERVE} more items are in the "
    "queue, so that no get waits for an add. The bare loop puts and gets with as many threads on a "
    "queue.SimpleQueue.",
    measure,
)
