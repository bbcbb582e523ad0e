"""The pipeline in a few numbers: the banner's."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from queries.phases import percent, phases
from queries.snapshot import Snapshot


@dataclass(frozen=True)
class Summary:
    """A pipeline's totals; counts in files.

    completed, percent and completed_bytes are of the last phase: a file counts when all is done.
    The rate is that of the phase that decides the ETA, so that the two explain each other.
    """

    total_files: int
    total_bytes: int
    unsized_files: int
    completed: int
    completed_bytes: int
    percent: float
    processing: int | None
    failed: int | None
    rate_per_hour: float | None
    rate_phase: str
    eta_hours: float | None
    eta_reason: str


def summary(snapshot: Snapshot) -> Summary:
    """The banner's numbers of a snapshot."""
    progress = phases(snapshot)
    last, total = progress.iloc[-1], int(snapshot.files["total"].sum())
    rate, name, eta, reason = _pace(progress)
    return Summary(
        total_files=total,
        total_bytes=int(snapshot.files["bytes"].sum()),
        unsized_files=int(snapshot.files["unsized"].sum()),
        completed=int(last["completed"]),
        completed_bytes=int(last["completed_bytes"]),
        percent=percent(int(last["completed"]), total),
        processing=_known_sum(progress["processing"]),
        failed=_known_sum(progress["failed"]),
        rate_per_hour=rate,
        rate_phase=name,
        eta_hours=eta,
        eta_reason=reason,
    )


def _known_sum(counts: pd.Series) -> int | None:
    return None if counts.isna().all() else int(counts.sum())


def _pace(progress: pd.DataFrame) -> tuple[float | None, str, float | None, str]:
    """Rate, its phase, ETA and the reason for none; an ETA needs one of every unfinished phase."""
    unfinished = progress[progress["pending"] > 0]
    if unfinished.empty:
        return None, "", None, "done" if progress["total"].iloc[-1] else "no files"
    paced = unfinished[unfinished["eta_hours"].notna()]
    unpaced = unfinished[unfinished["eta_hours"].isna()]
    slowest = paced.loc[paced["eta_hours"].idxmax()] if len(paced) else None
    rate = None if slowest is None else float(slowest["rate_per_hour"])
    name = "" if slowest is None else str(slowest["name"])
    if len(unpaced):
        waiting = unpaced.iloc[0]
        return rate, name, None, f"{waiting['name']}: {waiting['eta_reason']}"
    assert slowest is not None
    return rate, name, float(slowest["eta_hours"]), ""
