"""`GET /api/jobs`, `GET /api/jobs/{job_id}` and its tasks, as JSON and as a CSV file."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import Connection
from werkzeug.routing import BaseConverter

from api.answers import json_response, json_value, paged, rows_of, timestamp_text
from api.csv_files import csv_file
from api.parameters import PAGING, Parameters
from api.problems import Problem
from pipelines.registry import Registry
from queries.job_list import COLUMNS as JOB_COLUMNS
from queries.job_list import COUNTS, SHORTEST_PREFIX, VALUES, JobQuery, find_job_ids, jobs, types_of
from queries.job_report import JobReport, read_report
from queries.paging import FIRST, Paging
from queries.reader import Reader
from queries.tasks import COLUMNS as TASK_COLUMNS
from queries.tasks import TaskQuery, task_rows, tasks

FILTERS = ("pipeline", "job_type", "status", "q")
TASK_FILTERS = ("stage", "status", "q")
LAST_STAGE = 10_000


class JobId(BaseConverter):
    """A job's id in a path: any characters, but not what begins like the actions' paths."""

    regex = r"(?!(?:submit|rerun|cancel)/)[^/][\s\S]*?"
    part_isolating = False


def job_lists(registry: Registry, reader: Reader) -> Blueprint:
    """The blueprint of the jobs."""
    blueprint = Blueprint("jobs", __name__)
    blueprint.record_once(lambda state: state.app.url_map.converters.update(job_id=JobId))

    @blueprint.get("/api/jobs")
    def all_jobs() -> Response:
        query = _job_query(registry, Parameters(request.args, [*FILTERS, *PAGING]))
        with reader.transaction() as connection:
            page = jobs(connection, query)
        rows = [_listed(registry, row) for row in page.rows.to_dict("records")]
        return json_response(paged("jobs", rows, page, query.paging))

    @blueprint.get("/api/jobs/<job_id:job_id>")
    def one_job(job_id: str) -> Response:
        Parameters(request.args, ())
        with reader.transaction() as connection:
            report = read_report(connection, _meant(connection, job_id))
        assert report is not None, "found in the same moment"
        return json_response(_described(registry, report))

    @blueprint.get("/api/jobs/<job_id:job_id>/tasks")
    def job_tasks(job_id: str) -> Response:
        parameters = Parameters(request.args, [*TASK_FILTERS, *PAGING])
        paging = parameters.paging(TASK_COLUMNS)
        with reader.transaction() as connection:
            query = _task_query(_meant(connection, job_id), parameters, paging)
            page = tasks(connection, query)
        rows = rows_of(page.rows)
        return json_response({"job_id": query.job_id, **paged("tasks", rows, page, paging)})

    @blueprint.get("/api/jobs/<job_id:job_id>/tasks.csv")
    def tasks_csv(job_id: str) -> Response:
        parameters = Parameters(request.args, TASK_FILTERS)
        with reader.transaction() as connection:
            query = _task_query(_meant(connection, job_id), parameters, FIRST)
        name = f"job-{query.job_id[:SHORTEST_PREFIX]}-tasks"
        return csv_file(name, TASK_COLUMNS, reader.stream(task_rows(query)))

    return blueprint


def _meant(connection: Connection, job_id: str) -> str:
    """The id of the job that a whole id or its beginning means. Raises Problem."""
    found = None if "\0" in job_id else find_job_ids(connection, job_id)
    if found is None:
        detail = (
            f"There is no job '{job_id[:100]}'; expected a job's id, or at least "
            f"{SHORTEST_PREFIX} characters of its beginning"
        )
        raise Problem(HTTPStatus.NOT_FOUND, detail)
    if len(found) > 1:
        detail = f"Several jobs begin with '{job_id}'; expected more characters of the id"
        raise Problem(HTTPStatus.BAD_REQUEST, detail, parameter="job_id", job_ids=list(found))
    return found[0]


def _job_query(registry: Registry, parameters: Parameters) -> JobQuery:
    return JobQuery(
        types_of(registry, parameters.choices("pipeline", registry)),
        parameters.many("job_type"),
        parameters.many("status"),
        parameters.one("q"),
        parameters.paging(VALUES),
    )


def _task_query(job_id: str, parameters: Parameters, paging: Paging) -> TaskQuery:
    stages = parameters.wholes("stage", LAST_STAGE)
    return TaskQuery(job_id, stages, parameters.many("status"), parameters.one("q"), paging)


def _listed(registry: Registry, row: dict[str, Any]) -> dict[str, Any]:
    """A job with its pipeline, null for none, and the tasks of its current stage."""
    return {
        "pipeline": _pipeline(registry, row["job_type"]),
        **{name: json_value(row[name]) for name in JOB_COLUMNS},
        "task_counts": {name: row[name] for name in COUNTS},
    }


def _described(registry: Registry, report: JobReport) -> dict[str, Any]:
    job = report.job
    return {
        "pipeline": _pipeline(registry, job.job_type),
        **{name: json_value(getattr(job, name)) for name in JOB_COLUMNS},
        "parameters": job.parameters,
        "result_data": job.result_data,
        "stages": rows_of(report.stages),
        "changes": [
            {name: json_value(value) for name, value in vars(change).items()}
            for change in report.changes
        ],
        "timestamp": timestamp_text(report.as_of),
    }


def _pipeline(registry: Registry, job_type: str) -> str | None:
    pipeline = registry.of_job_type(job_type)
    return pipeline.id if pipeline else None
