"""Stages that find a container's files and register them in `app.etl_source_files`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from jobs.progress import report_progress
from jobs.source_files import LONGEST_PATH, SourceFile, path_fits, register
from jobs.stages import Job, Parameters, Result, Stage, Task, TaskError, as_json
from jobs.storage import Storage, StorageError

# How many skipped files a result lists.
EXAMPLES = 20


@dataclass(frozen=True)
class FoundFile:
    """A file as the storage lists it; `size` in bytes, None if the storage does not know it."""

    container: str
    path: str
    size: int | None
    storage: Storage

    def reading(self) -> AbstractContextManager[Path]:
        """A local file with its content, for descriptions that need to read it."""
        return self.storage.reading(self.container, self.path)


Describe = Callable[[FoundFile], SourceFile | None]


def register_files(describe: Describe) -> tuple[Stage, Stage, Stage]:
    """Three stages that register the files below the job's `source_container` and `prefix`.

    describe(found) runs on a worker for each file and returns what to register, or None to skip the
    file. It must be importable by name. If it raises an error, the file is skipped and listed in
    the job's result with the reason; the other files are registered.
    """
    return (
        Stage("find_folders", "find_folders", work=find_folders),
        Stage(
            "register_files",
            "register_files",
            plan=plan_folders,
            work=partial(describe_folder, describe),
            record=record_files,
        ),
        Stage("count_files", "count_files", query=count_files),
    )


def find_folders(parameters: Parameters, storage: Storage) -> Result:
    """The folders with files at or below the job's prefix. Raises TaskError if there are none.

    `failed` counts the folders whose name can't be registered; no file below them is.
    """
    container, prefix = parameters["source_container"], parameters.get("prefix", "").strip("/")
    folders: list[str] = []
    failed: list[str] = []
    waiting = [prefix]
    while waiting:
        folder = waiting.pop()
        if not folder.isprintable():
            failed.append(_why_unfit(folder))
            continue
        report_progress(message=f"{len(folders)} folders with files; looking into {folder or '/'}")
        listing = storage.listing(container, folder)
        folders += [folder] if listing.blobs else []
        waiting += reversed(listing.folders)
    if not folders and not failed:
        raise TaskError(f"{container}/{prefix} has no files")
    return {"folders": folders, "failed": len(failed), "failed_examples": failed[:EXAMPLES]}


def plan_folders(_connection: Connection, job: Job) -> Iterator[Parameters]:
    """One task per folder with files."""
    for folder in job.last_result["folders"]:
        yield {"source_container": job.parameters["source_container"], "folder": folder}


def describe_folder(describe: Describe, parameters: Parameters, storage: Storage) -> Result:
    """Describes the files directly in a folder; `record_files` registers `found` and drops it."""
    container, folder = parameters["source_container"], parameters["folder"]
    blobs = storage.listing(container, folder).blobs
    found: list[dict[str, Any]] = []
    failed: list[str] = []
    others: list[str] = []
    for number, blob in enumerate(blobs):
        report_progress(100 * number / len(blobs), blob.path)
        if not path_fits(blob.path):
            failed.append(_why_unfit(blob.path))
            continue
        try:
            described = describe(FoundFile(container, blob.path, blob.size, storage))
            row = None if described is None else _as_row(described)
        except Exception as error:  # noqa: BLE001 - one bad file must not stop the others
            failed.append(f"{blob.path}: {_reason(error)}")
            continue
        if row is None:
            others.append(blob.path)
        else:
            found.append(row)
    return {
        "folder": folder,
        "files": len(found),
        "bytes": sum(file["size"] or 0 for file in found),
        "failed": len(failed),
        "failed_examples": failed[:EXAMPLES],
        "not_registered": len(others),
        "not_registered_examples": others[:EXAMPLES],
        "found": found,
    }


def _as_row(described: SourceFile) -> dict[str, Any]:
    """A description as a row for JSON. Raises TaskError if it can't be stored."""
    row = asdict(described)
    if not path_fits(described.path):
        raise TaskError(
            f"its description has a path that can't be registered: {_why_unfit(described.path)}"
        )
    as_json(row, "its description")
    return row


def _why_unfit(path: str) -> str:
    if path.isprintable():
        return f"{path[:80]}…: the path has {len(path)} characters; {LONGEST_PATH} fit"
    escaped = path.encode("unicode_escape").decode()
    return f"{escaped[:LONGEST_PATH]}: the name has characters that can't be printed; rename it"


def _reason(error: Exception) -> str:
    known = isinstance(error, TaskError | StorageError)
    return str(error) if known else f"{type(error).__name__}: {error}"


def record_files(connection: Connection, job: Job, task: Task, result: Result) -> Result:
    """Registers a folder's files; the task's row keeps only their number."""
    files = [SourceFile(**file) for file in result["found"]]
    register(connection, job.pipeline, task.parameters["source_container"], files)
    return {key: value for key, value in result.items() if key != "found"}


def count_files(connection: Connection, job: Job) -> Result:
    """Counts of all folders' files, and examples of the skipped ones."""
    values = {"job": job.job_id, "stage": job.stage, "limit": EXAMPLES}
    counts = connection.execute(_COUNTS, values).mappings().one()
    examples = {
        f"{kind}_examples": list(connection.scalars(_EXAMPLES, {**values, "kind": kind}))
        for kind in ("failed", "not_registered")
    }
    return {**{name: int(count) for name, count in counts.items()}, **examples}


_COUNTS = text(
    """
    SELECT COALESCE(SUM(CAST(result_data ->> 'files' AS bigint)), 0) AS files,
           COALESCE(SUM(CAST(result_data ->> 'bytes' AS bigint)), 0) AS bytes,
           COALESCE(SUM(CAST(result_data ->> 'failed' AS bigint)), 0) AS failed,
           COALESCE(SUM(CAST(result_data ->> 'not_registered' AS bigint)), 0) AS not_registered
    FROM app.tasks WHERE parent_job_id = :job AND stage BETWEEN :stage - 2 AND :stage - 1
    """
)

_EXAMPLES = text(
    """
    SELECT example
    FROM app.tasks,
         jsonb_array_elements_text(result_data -> CAST(:kind || '_examples' AS text)) AS example
    WHERE parent_job_id = :job AND stage BETWEEN :stage - 2 AND :stage - 1
    ORDER BY example LIMIT :limit
    """
)
