"""What a benchmark measures, and what is wanted of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TypeAlias

RUNS = 5
"""How often everything is measured: one run says nothing on a machine that others use too."""

Say: TypeAlias = Callable[[str], None]
"""Shows one line of progress."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound of a figure, or *of_ratio* to the bare loop; an upper one unless *at_least*."""

    limit: float
    at_least: bool = False
    of_ratio: bool = False

    def is_met_by(self, value: float) -> bool:
        """Whether *value* is within the bound."""
        return value >= self.limit if self.at_least else value <= self.limit


@dataclass(frozen=True, slots=True)
class Figure:
    """
    One measured quantity.

    Attributes:
        values: One of each run.
        bare: What a bare loop reached, in the same runs; empty where none makes sense.
        target: None for what is only to be known.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    bare: tuple[float, ...] = ()
    target: Target | None = None

    @property
    def value(self) -> float:
        """The figure that counts: the median of all runs."""
        return median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None if there is none."""
        if self.target is None:
            return None
        value = self.ratio if self.target.of_ratio else self.value
        return value is not None and self.target.is_met_by(value)

    @property
    def ratio(self) -> float | None:
        """How many times the bare loop's figure it is: the median over the runs."""
        if not self.bare:
            return None
        return median(ours / bare for ours, bare in zip(self.values, self.bare, strict=True))


@dataclass(frozen=True, slots=True)
class Benchmark:
    """
    A thing to measure.

    Attributes:
        title: What it is about.
        method: How it is measured, in a few sentences.
        measure: Measures all runs.
    """

    title: str
    method: str
    measure: Callable[[Say], Sequence[Figure]]


def p50(values: Sequence[float]) -> float:
    """The value that half of *values* do not exceed."""
    return median(values)


def p99(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed."""
    return quantiles(values, n=100, method="inclusive")[-1]
