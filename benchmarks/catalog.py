"""Which benchmarks there are, in the order of the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from benchmarks.rows import Row
from benchmarks.setup import Setup

# Each is a module here of that name with one public function of its own, `measure`.
NAMES = ("refresh", "callback", "writes", "viewers", "ticks", "landings", "first_view", "runner")

Benchmark = Callable[[Setup], Sequence[Row]]


def benchmark(name: str) -> Benchmark:
    """The benchmark of a name, imported when it is wanted: some need a browser or a cluster."""
    measure: Benchmark = import_module(f"benchmarks.{name}").measure
    return measure
