"""
What a Pod costs in the store, against the whole Pod as a dict.

``python -m benchmarks.store_memory views|dicts resident|objects`` reads one JSON object a line, as
over a watch, keeps them all, and prints how many bytes they take: a fresh process for each figure.
"""

import gc
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Literal, TypeAlias

from benchmarks.figure import RUNS, Benchmark, Figure, Say, Target
from benchmarks.memory import MEGABYTE, megabytes
from benchmarks.pods import encoded, running_pod
from benchmarks.watch_server import REPOSITORY
from daskop.api.children import Pod
from daskop.cache.store import Store, by_controller
from daskop.controllers.worker_group import BY_CONTROLLER

PODS = 5_000
TARGET = Target(2.0)
PER = 1000

Form: TypeAlias = Literal["views", "dicts"]
How: TypeAlias = Literal["resident", "objects"]


def as_views(lines: Iterable[bytes]) -> Store[Pod]:
    """What the operator keeps of *lines*."""
    store: Store[Pod] = Store({BY_CONTROLLER: by_controller})
    for line in lines:
        store.put(Pod.parse(json.loads(line)))
    return store


def as_dicts(lines: Iterable[bytes]) -> list[object]:
    """Everything."""
    return [json.loads(line) for line in lines]


KEEPERS: dict[str, Callable[[Iterable[bytes]], object]] = {"views": as_views, "dicts": as_dicts}


def resident_megabytes(keep: Callable[[Iterable[bytes]], object]) -> float:
    """By how much the process grows for what is kept of the standard input."""
    gc.collect()
    before = megabytes("self", "VmRSS")
    kept = keep(sys.stdin.buffer)
    gc.collect()
    grown = megabytes("self", "VmRSS") - before
    del kept
    return grown


def object_megabytes(keep: Callable[[Iterable[bytes]], object]) -> float:
    """The Python objects that are kept of the standard input."""
    gc.collect()
    tracemalloc.start()
    kept = keep(sys.stdin.buffer)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    del kept
    return size / MEGABYTE


METERS = {"resident": resident_megabytes, "objects": object_megabytes}


def in_a_fresh_process(form: Form, how: How, lines: bytes) -> float:
    """Megabytes of 1,000 Pods."""
    command = [sys.executable, "-m", "benchmarks.store_memory", form, how]
    done = subprocess.run(  # noqa: S603 - it is this file
        command, cwd=REPOSITORY, input=lines, stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout) * PER / PODS


def measure(say: Say) -> list[Figure]:
    """Keep the same Pods both ways, in turn."""
    lines = b"".join(encoded(running_pod(n, "default", n + 1)) + b"\n" for n in range(PODS))
    hows: tuple[How, ...] = ("resident", "objects")
    figures = []
    for how in hows:
        ours = tuple(in_a_fresh_process("views", how, lines) for _ in range(RUNS))
        bare = tuple(in_a_fresh_process("dicts", how, lines) for _ in range(RUNS))
        name = {"resident": "resident memory", "objects": "Python objects"}[how]
        figures.append(Figure(f"{name} of 1,000 Pods", "MB", ours, bare, TARGET))
        say(f"{name}: {figures[-1].value:.2f} MB of 1,000 Pods")
    return figures


BENCHMARK = Benchmark(
    "Memory of the store",
    f"{PODS:,} Pods of 5.6 KB are decoded one by one, as over a watch, and kept in a store that is "
    "indexed as the operator's is, in a fresh process: by how much its resident memory grows after a "
    "garbage collection, and how much of that tracemalloc sees as objects. The bare loop keeps the "
    "decoded dicts.",
    measure,
)


def main() -> None:
    """Measure what comes in."""
    _, form, how = sys.argv
    print(METERS[how](KEEPERS[form]))


if __name__ == "__main__":
    main()
