"""Frames of the rollups, like those that are counted (queries/cube.py, queries/work.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.models import Pipeline
from queries.cube import LARGEST_SUM, dimension
from queries.rollups.cells import Bins, Cells, Counts
from queries.rollups.durations import DurationSums

# A cell, and how it changed: the second each phase was completed in, files, unsized, bytes.
Change = tuple[int, Sequence[Any]]
MICROS = 1e6


class FrameMaker:
    """Makes a pipeline's frames from its cells; `missing` names the values that are not set."""

    def __init__(self, pipeline: Pipeline, cells: Cells, missing: Mapping[str, str]) -> None:
        self._pipeline = pipeline
        self._cells = cells
        self._missing = missing

    def files(
        self, minutes: Bins, changes: Sequence[Change], window: tuple[int, int]
    ) -> pd.DataFrame:
        """The cube with the changes added; `window` is its first and its last second."""
        start, end = window
        measures = self._cells.measures()
        for position, change in changes:
            measures[position] += self._measured(change)
        there = np.flatnonzero(measures[:, 0] > 0)
        keys, counts = minutes.plus(self._completions(changes, start))
        present = np.clip(measures[there], -LARGEST_SUM, LARGEST_SUM)
        columns: dict[str, Any] = self._groupings(there)
        columns |= dict(zip(("total", "unsized", "bytes"), present.T[:3], strict=True))
        for number, phase in enumerate(self._pipeline.phases, start=1):
            completed, eligible, ahead, size = present.T[4 * number - 1 : 4 * number + 3]
            of_phase = (keys[:, 0] == number) & (keys[:, 2] >= start) & (keys[:, 2] <= end)
            to_come = (keys[:, 0] == number) & (keys[:, 2] > end)
            recent, first = self._window(keys[of_phase], counts[of_phase, 0])
            future, _ = self._window(keys[to_come], counts[to_come, 0])
            columns |= {
                f"{phase.id}_completed": completed,
                f"{phase.id}_eligible": eligible,
                f"{phase.id}_ahead": ahead,
                f"{phase.id}_recent": recent[there],
                f"{phase.id}_future": future[there],
                f"{phase.id}_bytes": size,
                f"{phase.id}_first": first[there],
            }
        return pd.DataFrame(columns, copy=False)

    def _groupings(self, positions: NDArray[np.intp]) -> dict[str, Any]:
        return {
            dimension(name): self._cells.grouping(place, self._missing[name], positions)
            for place, name in enumerate(self._pipeline.dimensions)
        }

    def _measured(self, change: Sequence[Any]) -> list[int]:
        """What a change adds to each measure of its cell (file_templates.measures)."""
        phases = len(self._pipeline.phases)
        timestamps, (files, unsized, size) = change[:phases], change[phases:]
        measured = [files, unsized, size]
        ready = True
        for timestamp in timestamps:
            done = timestamp is not None
            measured += [
                files * done,
                files * (ready and not done),
                files * (done and not ready),
                size * done,
            ]
            ready = done
        return measured

    def _completions(
        self, changes: Sequence[Change], start: int
    ) -> list[tuple[tuple[int, int, int], tuple[int]]]:
        phases = len(self._pipeline.phases)
        return [
            ((number, position, at), (change[phases],))
            for position, change in changes
            for number, at in enumerate(change[:phases], start=1)
            if at is not None and at >= start
        ]

    def _window(self, keys: Counts, files: Counts) -> tuple[Counts, NDArray[np.float64]]:
        """The files of each cell, and the first second of them (NaN for none)."""
        recent = np.zeros(len(self._cells), dtype=np.int64)
        np.add.at(recent, keys[:, 1], files)
        first = np.full(len(self._cells), np.inf)
        some = files > 0
        np.minimum.at(first, keys[some, 1], keys[some, 2].astype(np.float64))
        return recent, np.where(np.isinf(first), np.nan, first)

    def work(
        self, durations: DurationSums, at_work: Sequence[tuple[int, int, int, int]]
    ) -> pd.DataFrame:
        """Facts from tasks; at_work: phase, cell, processing, failed (files)."""
        rows = np.array(at_work, dtype=np.int64).reshape(-1, 4)
        none, zeros = np.zeros(len(rows), dtype=np.int64), np.zeros(len(durations.tasks), np.int64)
        phases = np.concatenate([rows[:, 0], durations.phase])
        positions = np.concatenate([rows[:, 1].astype(np.intp), durations.position])
        ids = pd.Index([phase.id for phase in self._pipeline.phases], dtype="str")
        return pd.DataFrame(
            {
                "phase": pd.Categorical.from_codes(phases - 1, categories=ids),
                **self._groupings(positions),
                "processing": np.concatenate([rows[:, 2], zeros]),
                "failed": np.concatenate([rows[:, 3], zeros]),
                "done": np.concatenate([none, durations.tasks]),
                "seconds": np.concatenate([none.astype(float), durations.micros / MICROS]),
            },
            copy=False,
        )
