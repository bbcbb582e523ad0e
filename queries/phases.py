"""The progress of each phase."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pipelines.models import Phase
from queries.frames import REAL, TEXT, WHOLE, WHOLE_OR_NONE
from queries.snapshot import Snapshot

HOUR, MINUTE = 3600.0, 60.0
SHORTEST_RUN = 300.0

COLUMNS = {
    "phase": TEXT,
    "number": WHOLE,
    "name": TEXT,
    "total": WHOLE,
    "completed": WHOLE,
    "pending": WHOLE,
    "eligible": WHOLE,
    "processing": WHOLE_OR_NONE,
    "failed": WHOLE_OR_NONE,
    "percent": REAL,
    "completed_bytes": WHOLE,
    "rate_per_hour": REAL,
    "rate_reason": TEXT,
    "eta_hours": REAL,
    "eta_reason": TEXT,
    "average_seconds": REAL,
    "average_tasks": WHOLE,
    "tasks_per_minute": REAL,
}


ONLY_FAILED = "only failed files are left"


@dataclass(frozen=True)
class Rate:
    """Files per hour, NaN with the reason where there is none."""

    per_hour: float
    reason: str = ""
    measuring: bool = False


def phases(snapshot: Snapshot) -> pd.DataFrame:
    """What `phase_rows` gives as a frame, with NA for none."""
    return pd.DataFrame(phase_rows(snapshot), columns=list(COLUMNS)).astype(COLUMNS)


def phase_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """One row per phase, in registry order.

    Keys: phase (id), number (from 1), name; total, completed, pending, movable (pending that did
    not fail here or before), eligible, processing, failed (files; the last two none for a phase
    without tasks); percent; completed_bytes; rate_per_hour (files), eta_hours, each NaN with its
    _reason; measuring (the first files are too recent for a rate); average_seconds (of a task, NaN
    for none) over average_tasks; tasks_per_minute (of its active jobs, NaN for none). The
    definitions are those of docs/numbers.md.
    """
    rows: list[dict[str, Any]] = []
    stuck = 0
    for number, phase in enumerate(snapshot.pipeline.phases, start=1):
        row = _progress(snapshot, number, phase, stuck)
        # A file that failed in one phase gets no further in the ones after it.
        stuck += row["failed"] or 0
        rows.append(row)
    return rows


def measured(frame: pd.DataFrame, measure: str) -> int:
    """The sum of a measure over a frame's rows."""
    # The array's own sum: that of a Series takes three times as long.
    return int(frame[measure].to_numpy().sum())


def percent(part: int, whole: int) -> float:
    """Part of the whole in percent, one decimal: 0.0 of nothing, 100.0 only for all of it."""
    if whole == 0:
        return 0.0
    rounded = round(part * 100 / whole, 1)
    return rounded if part == whole else min(rounded, 99.9)


def _progress(snapshot: Snapshot, number: int, phase: Phase, stuck: int) -> dict[str, Any]:
    """A phase's row; `stuck` files failed in an earlier phase."""
    files = snapshot.files
    total, completed = measured(files, "total"), measured(files, f"{phase.id}_completed")
    eligible = measured(files, f"{phase.id}_eligible")
    rate, facts = _rate(snapshot, phase), _work(snapshot, phase)
    pending = total - completed
    movable = max(0, pending - stuck - (facts["failed"] or 0))
    blocked = _blocked(pending, eligible, facts["failed"] or 0)
    eta, eta_reason = _eta(total, pending, movable, rate, blocked)
    return {
        "phase": phase.id,
        "number": number,
        "name": phase.name,
        "total": total,
        "completed": completed,
        "pending": pending,
        "movable": movable,
        "eligible": eligible,
        "percent": percent(completed, total),
        "completed_bytes": measured(files, f"{phase.id}_bytes"),
        "rate_per_hour": rate.per_hour,
        "rate_reason": rate.reason,
        "measuring": rate.measuring,
        "eta_hours": eta,
        "eta_reason": eta_reason,
        "tasks_per_minute": _tasks_per_minute(snapshot, phase),
        **facts,
    }


def _work(snapshot: Snapshot, phase: Phase) -> dict[str, Any]:
    of_phase = np.asarray(snapshot.work["phase"].array == phase.id, dtype="bool")
    names = ("processing", "failed", "done", "seconds")
    sums = {name: snapshot.work[name].to_numpy()[of_phase].sum() for name in names}
    done = int(sums["done"])
    return {
        "processing": int(sums["processing"]) if phase.has_tasks else None,
        "failed": int(sums["failed"]) if phase.has_tasks else None,
        "average_seconds": float(sums["seconds"]) / done if done else math.nan,
        "average_tasks": done,
    }


def _rate(snapshot: Snapshot, phase: Phase) -> Rate:
    """Files of the last 60 minutes; if that is all so far, since the minute of the first one."""
    files, completed = snapshot.files, f"{phase.id}_completed"
    recent = int(files[f"{phase.id}_recent"].sum())
    if recent == 0:
        none = int(files[completed].sum()) == 0
        return Rate(
            math.nan, "no file finished yet" if none else "no file finished in the last hour"
        )
    now = snapshot.as_of.timestamp()
    start = (now - HOUR) // MINUTE * MINUTE
    if recent == int(files[completed].sum()):
        start = max(start, files[f"{phase.id}_first"].min())
    if now - start < SHORTEST_RUN:
        return Rate(math.nan, "measuring (needs 5 minutes)", measuring=True)
    return Rate(recent * HOUR / (now - start))


def _tasks_per_minute(snapshot: Snapshot, phase: Phase) -> float:
    jobs = snapshot.jobs
    rates = jobs["rate_per_minute"][jobs["job_type"] == phase.job_type].dropna()
    return float(rates.sum()) if len(rates) else math.nan


def _blocked(pending: int, eligible: int, failed: int) -> str:
    """Why none of the pending files can be finished as things are, or ""."""
    if pending and failed >= pending:
        return ONLY_FAILED
    return "the rest waits for an earlier phase" if pending and not eligible else ""


def _eta(total: int, pending: int, movable: int, rate: Rate, blocked: str) -> tuple[float, str]:
    """Hours until what can still move is done, or why that is unknown."""
    if total == 0:
        return math.nan, "no files"
    if pending == 0:
        return math.nan, "done"
    if blocked or math.isnan(rate.per_hour):
        return math.nan, blocked or rate.reason
    return movable / rate.per_hour, ""
