"""The breakdown of a pipeline by one of its groupings."""

from __future__ import annotations

import pandas as pd

from queries.cube import dimension
from queries.frames import REAL, TEXT, WHOLE
from queries.phases import percent
from queries.snapshot import Snapshot


def breakdown(snapshot: Snapshot, field: str) -> pd.DataFrame:
    """One row a value of the grouping, sorted by it; the rows sum to the pipeline's totals.

    Columns: value (files without one stand under "not set"); total (files), bytes; and for each
    phase `{id}_completed`, `{id}_pending` (files), `{id}_percent`.
    """
    phase_ids = [phase.id for phase in snapshot.pipeline.phases]
    counts = ["total", "bytes", *(f"{phase}_completed" for phase in phase_ids)]
    rows = (
        snapshot.files.groupby(dimension(field), sort=False, observed=True)[counts]
        .sum()
        .reset_index()
    )
    rows = rows.rename(columns={dimension(field): "value"})
    for phase in phase_ids:
        completed = rows[f"{phase}_completed"]
        rows[f"{phase}_pending"] = rows["total"] - completed
        rows[f"{phase}_percent"] = [
            percent(part, whole) for part, whole in zip(completed, rows["total"], strict=True)
        ]
    dtypes = _dtypes(phase_ids)
    return rows[list(dtypes)].astype(dtypes).sort_values("value", ignore_index=True)


def _dtypes(phase_ids: list[str]) -> dict[str, str]:
    dtypes = {"value": TEXT, "total": WHOLE, "bytes": WHOLE}
    for phase in phase_ids:
        dtypes[f"{phase}_completed"] = WHOLE
        dtypes[f"{phase}_pending"] = WHOLE
        dtypes[f"{phase}_percent"] = REAL
    return dtypes
