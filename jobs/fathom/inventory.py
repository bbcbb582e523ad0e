"""Inventory: finds the source files of a container and registers them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection, text

from jobs.fathom.grid import MERGE_TASK, assign_grid_cells
from jobs.fathom.naming import SourceName, parse_path
from jobs.fathom.prefixes import EXAMPLES, generate_prefixes
from jobs.fathom.scope import NO_REGION
from jobs.fathom.stack import STACK_TASK
from jobs.source_files import SourceFile, register
from jobs.stages import Job, JobType, Parameters, Result, Scope, Stage, Task
from jobs.storage import Storage


def plan_scans(_connection: Connection, job: Job) -> Iterator[Parameters]:
    """One task per folder that the first stage found."""
    for prefix in job.last_result["prefixes"]:
        yield {**job.parameters, "prefix": prefix}


def scan_prefix(parameters: Parameters, storage: Storage) -> Result:
    """Lists one folder: number and bytes of its files, their scenario, and unrecognised names.

    `listed` has [path, size] of each source file for `record_files`; a dry run omits it.
    """
    container, prefix = parameters["source_container"], parameters["prefix"]
    named = [(blob, parse_path(blob.path)) for blob in storage.listing(container, prefix).blobs]
    known = [(blob, name) for blob, name in named if name is not None]
    foreign = [blob.path for blob, name in named if name is None]
    result: Result = {
        "prefix": prefix,
        "region": known[0][1].region if known else None,
        "flood_type": known[0][1].scenario.flood_type if known else None,
        "files": len(known),
        "bytes": sum(blob.size or 0 for blob, _ in known),
        "unrecognised": len(foreign),
        "unrecognised_examples": foreign[:EXAMPLES],
    }
    if not parameters.get("dry_run"):
        result["listed"] = [[blob.path, blob.size] for blob, _ in known]
    return result


def record_files(connection: Connection, job: Job, _task: Task, result: Result) -> Result:
    """Registers a folder's files; the task's row keeps only their number."""
    parameters = job.parameters
    named = [(path, size, parse_path(path)) for path, size in result.get("listed", [])]
    grid_size = parameters["grid_size"]
    files = [_source_file(job, path, size, name, grid_size) for path, size, name in named if name]
    container, batch_size = parameters["source_container"], parameters["batch_size"]
    register(connection, job.pipeline, container, files, batch_size=batch_size)
    return {key: value for key, value in result.items() if key != "listed"}


def _source_file(
    job: Job, path: str, size: int | None, name: SourceName, grid_size: int
) -> SourceFile:
    metadata, scenario = name.source_metadata(grid_size), name.scenario
    groups = {
        STACK_TASK: scenario.phase1_group_key(name.tile),
        MERGE_TASK: scenario.phase2_group_key(str(metadata["grid_cell"])),
    }
    phases = ((job.pipeline.phase_of_task(task), group) for task, group in groups.items())
    return SourceFile(path, size, metadata, {phase.id: group for phase, group in phases if phase})


def generate_summary(connection: Connection, job: Job) -> Result:
    """Files and bytes that the scan found, by region and flood type, and unrecognised names."""
    scans = connection.execute(_SCANS, {"job": job.job_id}).all()
    regions: Counter[str] = Counter()
    flood_types: Counter[str] = Counter()
    for scan in scans:
        regions[scan.region or NO_REGION] += scan.files
        flood_types[scan.flood_type] += scan.files
    return {
        "dry_run": bool(job.parameters.get("dry_run")),
        "files": regions.total(),
        "bytes": sum(scan.bytes for scan in scans),
        "regions": dict(regions),
        "flood_types": dict(flood_types),
        **_foreign(connection, job),
    }


_SCANS = text(
    """
    SELECT result_data ->> 'region' AS region, result_data ->> 'flood_type' AS flood_type,
           CAST(SUM(CAST(result_data ->> 'files' AS bigint)) AS bigint) AS files,
           CAST(SUM(CAST(result_data ->> 'bytes' AS bigint)) AS bigint) AS bytes
    FROM app.tasks
    WHERE parent_job_id = :job AND stage = 2 AND result_data ->> 'flood_type' IS NOT NULL
    GROUP BY 1, 2 ORDER BY 1, 2
    """
)


def _foreign(connection: Connection, job: Job) -> Result:
    first = job.stage_results["1"]["result"]
    count = connection.scalar(_FOREIGN, {"job": job.job_id})
    examples = connection.scalars(_EXAMPLES, {"job": job.job_id, "limit": EXAMPLES})
    return {
        "unrecognised": first["unrecognised"] + count,
        "unrecognised_examples": [*first["unrecognised_examples"], *examples][:EXAMPLES],
    }


_FOREIGN = text(
    """
    SELECT CAST(COALESCE(SUM(CAST(result_data ->> 'unrecognised' AS bigint)), 0) AS bigint)
    FROM app.tasks WHERE parent_job_id = :job AND stage = 2
    """
)

_EXAMPLES = text(
    """
    SELECT example FROM app.tasks,
         jsonb_array_elements_text(result_data -> 'unrecognised_examples') AS example
    WHERE parent_job_id = :job AND stage = 2
    ORDER BY example LIMIT :limit
    """
)


def inventory_scope(_connection: Connection, job: Job) -> Scope:
    """Only a note: the tables don't say what is in a container."""
    parameters = job.parameters
    place = f"{parameters['source_container']}/{parameters['base_prefix'].strip('/')}"
    return Scope(
        note=f"The job lists {place.rstrip('/')}: how many files there are is known afterwards."
    )


INVENTORY = JobType(
    "inventory_fathom_container",
    (
        Stage("generate_prefixes", "fathom_generate_scan_prefixes", work=generate_prefixes),
        Stage(
            "scan_prefix",
            "fathom_scan_prefix",
            plan=plan_scans,
            work=scan_prefix,
            record=record_files,
        ),
        Stage("assign_grid_cells", "fathom_assign_grid_cells", query=assign_grid_cells),
        Stage("generate_summary", "fathom_inventory_summary", query=generate_summary),
    ),
    inventory_scope,
)
