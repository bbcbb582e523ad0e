"""Whether a snapshot from rollups is the one that counting gives."""

from __future__ import annotations

from typing import Any

import pandas as pd

from queries.snapshot import Snapshot

AT_WORK, ENDED = ["processing", "failed"], ["done", "seconds"]
# Those of a job that do not move with the clock.
OF_A_JOB = [
    "job_id", "status", "stage", "total_stages", "created_at", "started_at", "tasks", "completed",
    "processing", "failed", "pending", "place", "limits",
]  # fmt: skip


def assert_agree(rollup: Snapshot, counted: Snapshot, *, moved: bool = False) -> None:
    """Fails where any number differs.

    moved: files changed their groupings after tasks on them had ended, whose durations stay where
    the files were then.
    """
    dimensions = [name for name in counted.files.columns if name.startswith("by:")]
    _assert_equal(rollup.files, counted.files, dimensions)
    by = ["phase", *dimensions]
    for counts, keys in ((AT_WORK, by), (ENDED, ["phase"] if moved else by)):
        sums = [_summed(snapshot.work, keys, counts) for snapshot in (rollup, counted)]
        _assert_equal(*sums, keys)
    pd.testing.assert_frame_equal(rollup.jobs[OF_A_JOB], counted.jobs[OF_A_JOB])
    pd.testing.assert_frame_equal(rollup.inconsistencies, counted.inconsistencies)
    assert rollup.missing == counted.missing


def _assert_equal(rollup: pd.DataFrame, counted: pd.DataFrame, by: list[str]) -> None:
    assert list(rollup.columns) == list(counted.columns)
    for name in set(rollup.columns) - set(by):
        assert rollup[name].dtype == counted[name].dtype, name
    assert _rows(rollup, by) == _rows(counted, by)


def _rows(frame: pd.DataFrame, by: list[str]) -> dict[tuple[Any, ...], tuple[str, ...]]:
    """The rows by what they are of; texts, so that nothing equals nothing."""
    measures = [name for name in frame.columns if name not in by]
    keys = zip(*(frame[name].tolist() for name in by), strict=True) if by else [()] * len(frame)
    rows = zip(*(map(repr, frame[name].tolist()) for name in measures), strict=True)
    return dict(zip(keys, rows, strict=True))


def _summed(work: pd.DataFrame, by: list[str], counts: list[str]) -> pd.DataFrame:
    # Rollups add up whole microseconds, the tables floats: the sums differ in their last digit.
    sums = work.astype(dict.fromkeys(by, "str")).groupby(by)[counts].sum().round(6)
    return sums[(sums != 0).any(axis=1)].reset_index()
