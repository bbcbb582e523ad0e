"""Everything for writing job types: `from jobs.plugin import Job, JobType, Stage, …`."""

from __future__ import annotations

from database.tables import source_files
from jobs.pending import FileGroup, RegisteredFile, pending_files, pending_groups, pending_scope
from jobs.progress import report_progress
from jobs.registration import FoundFile, register_files
from jobs.source_files import SourceFile, complete, register, unique_name
from jobs.stages import Job, JobType, Parameters, Result, Scope, Stage, Task, TaskError
from jobs.storage import Blob, Storage, StorageError

__all__ = [
    "Blob",
    "FileGroup",
    "FoundFile",
    "Job",
    "JobType",
    "Parameters",
    "RegisteredFile",
    "Result",
    "Scope",
    "SourceFile",
    "Stage",
    "Storage",
    "StorageError",
    "Task",
    "TaskError",
    "complete",
    "pending_files",
    "pending_groups",
    "pending_scope",
    "register",
    "register_files",
    "report_progress",
    "source_files",
    "unique_name",
]
