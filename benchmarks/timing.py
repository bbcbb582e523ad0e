"""Durations of things that are compared: measured in turns, so that noise meets all of them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

Name = TypeVar("Name")


@dataclass(frozen=True)
class Timed:
    """What is timed; `prepare` comes before it, untimed; `often`: how many times a round."""

    action: Callable[[], object]
    prepare: Callable[[], object] | None = None
    often: int = 1

    def seconds(self) -> float:
        """How long the action takes, once."""
        if self.prepare is not None:
            self.prepare()
        began = time.perf_counter()
        self.action()
        return time.perf_counter() - began


def medians(actions: Mapping[Name, Timed], repeat: int) -> dict[Name, float]:
    """The median duration of each action in seconds, over `repeat` rounds of all of them."""
    taken: dict[Name, list[float]] = {name: [] for name in actions}
    for _ in range(repeat):
        for name, timed in actions.items():
            gc.collect()
            taken[name] += [timed.seconds() for _ in range(timed.often)]
    return {name: median(durations) for name, durations in taken.items()}
