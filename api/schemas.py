"""The shapes of the answers, as JSON Schema 2020-12: what api/openapi.py describes."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
COUNT_OR_NONE: Schema = {"type": ["integer", "null"], "minimum": 0}
STAGE_OR_NONE: Schema = {"type": ["integer", "null"], "description": "Null where it is not set."}
TEXT_OR_NONE: Schema = {"type": ["string", "null"]}
REAL_OR_NONE: Schema = {"type": ["number", "null"]}
PERCENT: Schema = {"type": "number", "minimum": 0, "maximum": 100}
TIMESTAMP: Schema = {"type": "string", "format": "date-time"}
TIMESTAMP_OR_NONE: Schema = {"type": ["string", "null"], "format": "date-time"}
# A newer platform may have further statuses.
STATUS: Schema = {"type": "string", "examples": ["queued", "processing", "completed", "failed"]}
ANYTHING: Schema = {"description": "Any JSON, as the table has it."}

# What an error answer means, by status.
NAMES = {
    400: "A parameter is wrong",
    401: "Nobody without a name or a token sees anything",
    403: "The one who asks may not do this, or a page of another site asks",
    404: "There is no such thing",
    409: "The job or the files are not in a state for it",
    413: "The body is too large",
    415: "The body is not JSON",
    429: "Too many wrong tokens came from this address",
    502: "The platform failed",
    503: "There is no answer now",
}


def entry(**properties: Schema) -> Schema:
    """An object with all of these members and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def items(of: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": of}


def by_name(of: Schema) -> Schema:
    """An object whose members' names are values of the tables or ids of the registry."""
    return {"type": "object", "additionalProperties": of}


def named(schema: str) -> Schema:
    """A reference to one of SCHEMAS."""
    return {"$ref": f"#/components/schemas/{schema}"}


def page(name: str, of: Schema, **others: Schema) -> Schema:
    """A page of a list."""
    exact = {"type": "boolean", "description": "Whether there are no more rows than `total`."}
    return entry(
        **others,
        **{name: items(of)},
        page={"type": "integer", "minimum": 1},
        size={"type": "integer", "minimum": 1, "maximum": 1000},
        total={**COUNT, "description": "Rows on all pages, as far as they were counted."},
        total_exact=exact,
        timestamp=TIMESTAMP,
    )


SUMMARY = entry(
    total_files=COUNT,
    total_size_bytes=COUNT,
    total_size_formatted=TEXT,
    unsized_files={**COUNT, "description": "Files whose size is not known."},
    completed={**COUNT, "description": "Files that are completed in the last phase."},
    failed=COUNT_OR_NONE,
    percent_complete=PERCENT,
)
PHASE = entry(
    name=TEXT,
    pending=COUNT,
    eligible=COUNT,
    processing=COUNT_OR_NONE,
    completed=COUNT,
    failed=COUNT_OR_NONE,
    percent_complete=PERCENT,
    eta_hours=REAL_OR_NONE,
    average_seconds=REAL_OR_NONE,
)
ACTIVE_JOB = entry(
    job_id=TEXT,
    job_type=TEXT,
    status=STATUS,
    stage=STAGE_OR_NONE,
    task_counts=entry(completed=COUNT, processing=COUNT, failed=COUNT, pending=COUNT),
)
STATS = entry(
    etl_type=TEXT,
    pipeline=entry(id=TEXT, name=TEXT, description=TEXT),
    summary=named("Summary"),
    phases=by_name(named("Phase")),
    by_grouping={
        **by_name(by_name(by_name(COUNT))),
        "description": "By grouping and value: `total` and for each phase `{id}_done`, in files.",
    },
    active_jobs=items(ACTIVE_JOB),
    processing_rate={
        **by_name(REAL_OR_NONE),
        "required": ["eta_hours"],
        "description": "For each phase `{id}_per_hour` in files; `eta_hours` of the pipeline.",
    },
    inconsistencies=items(entry(text=TEXT, count=COUNT)),
    read={
        **entry(rollups={"type": "boolean"}, reason=TEXT, seconds={"type": "number", "minimum": 0}),
        "description": "From counts that the database keeps, or else counted, and why.",
    },
    timestamp=TIMESTAMP,
    error={**TEXT_OR_NONE, "description": "Why the numbers are not newer, if they could not be."},
)
PIPELINE = entry(
    id=TEXT,
    name=TEXT,
    description=TEXT,
    etl_type=TEXT,
    job_types=items(TEXT),
    phases=items(entry(id=TEXT, name=TEXT, description=TEXT)),
    groupings=items(entry(field=TEXT, label=TEXT)),
    submit_actions=items(entry(job_type=TEXT, label=TEXT)),
    summary={"anyOf": [named("Summary"), {"type": "null"}]},
    timestamp=TIMESTAMP_OR_NONE,
    error=TEXT_OR_NONE,
)
GROUP_TASK = entry(
    task_id=TEXT,
    job_id=TEXT,
    status=STATUS,
    error_details=TEXT_OR_NONE,
    ended_at=TIMESTAMP_OR_NONE,
    retry_count=COUNT_OR_NONE,
)
GROUP = entry(
    group={**TEXT, "description": "The group's key, or the path of a file that has no group."},
    files={**COUNT, "description": "The group's files in this state."},
    bytes=COUNT,
    values={
        **by_name(TEXT_OR_NONE),
        "description": "By grouping: the files' value, null for none, `several` where they differ.",
    },
    task={"anyOf": [GROUP_TASK, {"type": "null"}], "description": "The group's latest task."},
)
OWN_OF_JOB: dict[str, Schema] = {
    "pipeline": {**TEXT_OR_NONE, "description": "The id of the job's pipeline, null for none."},
    "job_id": TEXT,
    "job_type": TEXT,
    "status": STATUS,
    "stage": STAGE_OR_NONE,
    "total_stages": STAGE_OR_NONE,
    "created_at": TIMESTAMP_OR_NONE,
    "updated_at": TIMESTAMP_OR_NONE,
    "error_details": TEXT_OR_NONE,
}
LISTED_JOB = entry(
    **OWN_OF_JOB,
    task_counts={
        **entry(tasks=COUNT, completed=COUNT, processing=COUNT, failed=COUNT),
        "description": "The tasks of the current stage.",
    },
)
COUNTS = ("tasks", "pending", "queued", "processing", "completed", "failed")
STAGE = entry(
    stage=STAGE_OR_NONE,
    task_type=TEXT,
    **dict.fromkeys(
        ("tasks", "pending", "queued", "processing", "completed", "failed", "other"), COUNT
    ),
    percent=PERCENT,
    rate_per_minute=REAL_OR_NONE,
    eta_seconds=REAL_OR_NONE,
    average_seconds=REAL_OR_NONE,
    p95_seconds=REAL_OR_NONE,
    peak_memory_mb=REAL_OR_NONE,
)
CHANGE = entry(
    at=TIMESTAMP_OR_NONE,
    actor=TEXT,
    address={**TEXT, "description": "Where the request came from."},
    action=TEXT,
    result={**TEXT_OR_NONE, "description": "Null for a change that was interrupted."},
)
JOB = entry(
    **OWN_OF_JOB,
    parameters={"type": "object"},
    result_data=ANYTHING,
    stages=items(STAGE),
    changes={**items(CHANGE), "description": "By people, the newest first; 50 at the most."},
    timestamp=TIMESTAMP,
)
TASK = entry(
    task_id=TEXT,
    stage=STAGE_OR_NONE,
    task_index=TEXT_OR_NONE,
    task_type=TEXT,
    status=STATUS,
    seconds={**REAL_OR_NONE, "description": "How long a finished task took."},
    progress_percent={
        **REAL_OR_NONE,
        "description": "0 to 100, of a task that reports it.",
    },
    progress_message={**TEXT_OR_NONE, "description": "What such a task says it is doing."},
    peak_memory_mb=REAL_OR_NONE,
    retry_count=COUNT,
    executed_by_app={**TEXT_OR_NONE, "description": "The worker."},
    error_details=TEXT_OR_NONE,
    started_at=TIMESTAMP_OR_NONE,
    updated_at=TIMESTAMP_OR_NONE,
)
PROBLEM: Schema = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": {**TEXT, "description": "What happened, to what, and what to do."},
        "parameter": {**TEXT, "description": "The parameter that is wrong."},
        "expected": {**TEXT, "description": "What is expected of it."},
        "parameters": {**by_name(TEXT), "description": "What is wrong, by job parameter."},
        "job_ids": {**items(TEXT), "description": "The jobs that may be meant."},
    },
    "required": ["type", "title", "status", "detail"],
}

SCHEMAS: dict[str, Schema] = {
    "Summary": SUMMARY,
    "Phase": PHASE,
    "Stats": STATS,
    "Pipelines": entry(pipelines=items(PIPELINE)),
    "Groups": page("groups", GROUP, pipeline=TEXT, etl_type=TEXT, phase=TEXT, state=TEXT),
    "Jobs": page("jobs", LISTED_JOB),
    "Job": JOB,
    "Tasks": page("tasks", TASK, job_id=TEXT),
    "File": {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": "Within the container."},
            "size": {"type": "integer", "minimum": 0, "description": "Bytes."},
            "metadata": {"type": "object", "description": "What the groupings read."},
            "groups": {
                **by_name(TEXT),
                "description": "The group's name by phase id; one that is known stays.",
            },
        },
        "required": ["path"],
    },
    "Registration": entry(
        pipeline=TEXT,
        files=COUNT,
        written={**COUNT, "description": "How many were new or changed."},
    ),
    "Submission": {
        **entry(job_id=TEXT, status=STATUS),
        "properties": {
            "job_id": TEXT,
            "status": STATUS,
            "created": {"type": "boolean", "description": "Whether the job is new."},
        },
    },
    "Problem": PROBLEM,
}
