"""The pipeline in a few numbers: the banner's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from queries.phases import ONLY_FAILED, measured, percent, phase_rows
from queries.snapshot import Snapshot


@dataclass(frozen=True)
class Summary:
    """A pipeline's totals; counts in files.

    completed, percent and completed_bytes are of the last phase: a file counts when all is done.
    The rate is that of the phase that decides the ETA, so that the two explain each other;
    tasks_per_minute is of the phases' active jobs; measuring: whether a phase has its first files,
    and no rate yet.
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
    tasks_per_minute: float | None
    measuring: bool


Phase = Mapping[str, Any]


def summary(snapshot: Snapshot, progress: Sequence[Phase] | None = None) -> Summary:
    """The banner's numbers of a snapshot; `progress` are its phase_rows where they are at hand."""
    progress = phase_rows(snapshot) if progress is None else progress
    last = progress[-1]
    rate, name, eta, reason = _slowest(progress)
    return Summary(
        total_files=last["total"],
        total_bytes=measured(snapshot.files, "bytes"),
        unsized_files=measured(snapshot.files, "unsized"),
        completed=last["completed"],
        completed_bytes=last["completed_bytes"],
        percent=percent(last["completed"], last["total"]),
        processing=_known_sum(phase["processing"] for phase in progress),
        failed=_known_sum(phase["failed"] for phase in progress),
        rate_per_hour=rate,
        rate_phase=name,
        eta_hours=eta,
        eta_reason=reason,
        tasks_per_minute=_tasks_per_minute(progress),
        measuring=any(p["movable"] > 0 and p["measuring"] for p in progress),
    )


def _tasks_per_minute(progress: Sequence[Phase]) -> float | None:
    rates = [phase["tasks_per_minute"] for phase in progress]
    measured_rates = [rate for rate in rates if not math.isnan(rate)]
    return sum(measured_rates) if measured_rates else None


def _known_sum(counts: Iterable[int | None]) -> int | None:
    given = [count for count in counts if count is not None]
    return sum(given) if given else None


def _slowest(progress: Sequence[Phase]) -> tuple[float | None, str, float | None, str]:
    """Rate, its phase, ETA and the reason for none; an ETA needs one of every unfinished phase.

    A phase that has nothing but failed files left takes no ETA away: they wait for a person.
    """
    pending = [phase for phase in progress if phase["pending"] > 0]
    if not pending:
        return None, "", None, "done" if progress[0]["total"] else "no files"
    unfinished = [phase for phase in pending if phase["movable"] > 0]
    if not unfinished:
        return None, "", None, ONLY_FAILED
    estimated = [phase for phase in unfinished if not math.isnan(phase["eta_hours"])]
    slowest = max(estimated, key=lambda phase: float(phase["eta_hours"]), default=None)
    rate = None if slowest is None else slowest["rate_per_hour"]
    name = "" if slowest is None else slowest["name"]
    if len(estimated) < len(unfinished):
        waiting = next(phase for phase in unfinished if math.isnan(phase["eta_hours"]))
        return rate, name, None, f"{waiting['name']}: {waiting['eta_reason']}"
    assert slowest is not None
    return rate, name, slowest["eta_hours"], ""
