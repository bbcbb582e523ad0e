"""The breakdown of a pipeline by one of its groupings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from queries.cube import dimension
from queries.frames import TEXT
from queries.phases import percent
from queries.snapshot import Snapshot


def breakdown(snapshot: Snapshot, field: str) -> pd.DataFrame:
    """One row a value of the grouping, sorted by it; the rows sum to the pipeline's totals.

    Columns: value (files without one stand under "not set"); total (files), bytes; and for each
    phase `{id}_completed`, `{id}_pending` (files), `{id}_percent`.
    """
    # Categories are numbered, and their sums stand at their numbers: an exact sum in one pass.
    values = snapshot.files[dimension(field)].array
    codes, names = values.codes, values.categories.tolist()
    occurring = np.flatnonzero(np.bincount(codes, minlength=len(names))).tolist()
    order = sorted(occurring, key=names.__getitem__)

    def sums(measure: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        summed = np.zeros(len(names), dtype="int64")
        np.add.at(summed, codes, snapshot.files[measure].to_numpy())
        return summed[order]

    columns: dict[str, Any] = {
        "value": pd.Series([names[number] for number in order], dtype=TEXT),
        "total": sums("total"),
        "bytes": sums("bytes"),
    }
    for phase in snapshot.pipeline.phases:
        columns |= _progress(phase.id, sums(f"{phase.id}_completed"), columns["total"])
    return pd.DataFrame(columns)


def _progress(phase: str, completed: Any, total: Any) -> dict[str, Any]:
    parts = zip(completed.tolist(), total.tolist(), strict=True)
    return {
        f"{phase}_completed": completed,
        f"{phase}_pending": total - completed,
        f"{phase}_percent": np.array([percent(*part) for part in parts], dtype="float64"),
    }
