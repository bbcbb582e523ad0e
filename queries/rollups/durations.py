"""Durations of completed tasks by phase, cell and hour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from queries.rollups.cells import Bins, Counts

DAY = 24 * 3600


@dataclass(frozen=True)
class DurationSums:
    """Completed tasks and their time in the last day of activity: one entry per phase and cell."""

    phase: Counts
    position: NDArray[np.intp]
    tasks: Counts
    micros: Counts


class Durations:
    """Bins of tasks and microseconds; hours are in seconds as the tables write them.

    Two days before the latest hour are held. `outrun` says that they do not reach: work was taken
    back, and what counts now is earlier.
    """

    def __init__(self, phases: int) -> None:
        self._bins = Bins(2)
        self._latest = [0] * phases
        self.outrun = False

    def put(self, key: tuple[int, int, int], counts: Sequence[int]) -> None:
        """Sets a bin: phase (from 1), cell, hour; tasks, microseconds."""
        self._bins.put(key, counts)
        phase, _, hour = key
        if counts[0] > 0:
            self._latest[phase - 1] = max(self._latest[phase - 1], hour)

    def sums(self, changes: Iterable[tuple[tuple[int, int, int], Sequence[int]]]) -> DurationSums:
        """The sums of each phase's last 24 clock hours of activity, with the changes added."""
        keys, counts = self._bins.plus(changes)
        wanted = np.zeros(len(keys), dtype=bool)
        for number, latest in enumerate(self._latest, start=1):
            of_phase = (keys[:, 0] == number) & (counts[:, 0] > 0)
            last = int(keys[of_phase, 2].max(initial=0))
            self.outrun |= last < latest - DAY
            wanted |= of_phase & (keys[:, 2] > last - DAY)
        if self._latest:
            self._bins.forget(min(self._latest) - 2 * DAY)
        return _summed(keys[wanted], counts[wanted])


def _summed(keys: Counts, counts: Counts) -> DurationSums:
    cells = int(keys[:, 1].max(initial=-1)) + 1
    place = keys[:, 0] * cells + keys[:, 1]
    groups, inverse = np.unique(place, return_inverse=True)
    sums = np.zeros((len(groups), 2), dtype=np.int64)
    np.add.at(sums, inverse, counts)
    width = max(cells, 1)
    return DurationSums(groups // width, (groups % width).astype(np.intp), sums[:, 0], sums[:, 1])
