"""All that the author of a job type needs: `from jobs.plugin import Job, JobType, Stage, …`."""

from __future__ import annotations

from database.tables import source_files
from jobs.progress import report_progress
from jobs.registration import FoundFile, register_files
from jobs.source_files import SourceFile, complete, register
from jobs.stages import Job, JobType, Parameters, Result, Scope, Stage, Task, TaskError
from jobs.storage import Blob, Storage, StorageError

__all__ = [
    "Blob",
    "FoundFile",
    "Job",
    "JobType",
    "Parameters",
    "Result",
    "Scope",
    "SourceFile",
    "Stage",
    "Storage",
    "StorageError",
    "Task",
    "TaskError",
    "complete",
    "register",
    "register_files",
    "report_progress",
    "source_files",
]
