"""What the callbacks read from."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.submission import Submitter
from pipelines.registry import Registry
from queries.cache import Snapshots
from queries.job_report import JobReports


@dataclass(frozen=True)
class Sources:
    """The registry, the shared readings, and where submitted jobs go."""

    registry: Registry
    snapshots: Snapshots
    job_reports: JobReports
    submitter: Submitter
