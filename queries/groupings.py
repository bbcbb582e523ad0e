"""The breakdown of a pipeline by one of its groupings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipelines.models import Pipeline
from queries.cube import dimension
from queries.frames import REAL, TEXT, WHOLE
from queries.phases import percent
from queries.snapshot import Snapshot

Wholes = np.ndarray[Any, np.dtype[np.int64]]
Columns = dict[str, list[Any]]


def breakdown(snapshot: Snapshot, field: str) -> pd.DataFrame:
    """One row per value of the grouping, sorted by it; the rows sum to the pipeline's totals.

    Columns: value (files without one stand under "not set"); total (files), bytes; and for each
    phase `{id}_completed`, `{id}_pending` (files), `{id}_percent`.
    """
    dtypes = {"value": TEXT, "total": WHOLE, "bytes": WHOLE}
    for phase in snapshot.pipeline.phases:
        dtypes[f"{phase.id}_completed"] = WHOLE
        dtypes[f"{phase.id}_pending"] = WHOLE
        dtypes[f"{phase.id}_percent"] = REAL
    columns = breakdowns(snapshot, [field])[field]
    return pd.DataFrame({name: pd.Series(columns[name], dtype=dtypes[name]) for name in dtypes})


def breakdowns(snapshot: Snapshot, fields: Iterable[str]) -> dict[str, Columns]:
    """The columns of each field's `breakdown`, as lists: without frames, a page of them is drawn in
    half the time."""
    files, pipeline = snapshot.files, snapshot.pipeline
    names = ["total", "bytes", *(f"{phase.id}_completed" for phase in pipeline.phases)]
    measures = {name: files[name].to_numpy() for name in names}
    return {field: _columns(pipeline, files[dimension(field)].array, measures) for field in fields}


def _columns(pipeline: Pipeline, values: Any, measures: Mapping[str, Wholes]) -> Columns:
    # Categories are numbered, and their sums stand at their numbers: an exact sum in one pass.
    codes, names = values.codes, values.categories.tolist()
    occurring = np.flatnonzero(np.bincount(codes, minlength=len(names))).tolist()
    order = sorted(occurring, key=names.__getitem__)

    def sums(measure: str) -> Wholes:
        summed = np.zeros(len(names), dtype=WHOLE)
        np.add.at(summed, codes, measures[measure])
        return summed[order]

    total = sums("total")
    columns: Columns = {
        "value": [names[number] for number in order],
        "total": total.tolist(),
        "bytes": sums("bytes").tolist(),
    }
    for phase in pipeline.phases:
        completed = sums(f"{phase.id}_completed")
        done = completed.tolist()
        columns[f"{phase.id}_completed"] = done
        columns[f"{phase.id}_pending"] = (total - completed).tolist()
        columns[f"{phase.id}_percent"] = list(map(percent, done, columns["total"]))
    return columns
