"""Whether a snapshot from kept counts is the one that counting gives."""

from __future__ import annotations

import pandas as pd

from queries.snapshot import Snapshot

COUNTS = ["processing", "failed", "done"]
# Those of a job that do not move with the clock.
OF_A_JOB = [
    "job_id", "status", "stage", "total_stages", "created_at", "started_at", "tasks", "completed",
    "processing", "failed", "pending", "place", "limits",
]  # fmt: skip


def assert_agree(kept: Snapshot, counted: Snapshot) -> None:
    """Fails where any number differs."""
    dimensions = [name for name in counted.files.columns if name.startswith("by:")]
    _assert_equal(kept.files, counted.files, dimensions)
    by = ["phase", *dimensions]
    _assert_equal(_summed(kept.work, by), _summed(counted.work, by), by)
    pd.testing.assert_frame_equal(kept.jobs[OF_A_JOB], counted.jobs[OF_A_JOB])
    pd.testing.assert_frame_equal(kept.contradictions, counted.contradictions)
    assert kept.missing == counted.missing


def _assert_equal(kept: pd.DataFrame, counted: pd.DataFrame, by: list[str]) -> None:
    frames = [frame.astype(dict.fromkeys(by, "str")) for frame in (kept, counted)]
    if by:
        frames = [frame.sort_values(by, ignore_index=True) for frame in frames]
    pd.testing.assert_frame_equal(*frames)


def _summed(work: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    sums = work.astype(dict.fromkeys(by, "str")).groupby(by)[[*COUNTS, "seconds"]].sum()
    return sums[(sums[COUNTS] != 0).any(axis=1)].reset_index()
