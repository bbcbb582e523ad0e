"""`GET /api/etl/groups`, `GET /api/etl/groups.csv`: the groups of a phase in one state."""

from __future__ import annotations

from typing import Any

import pandas as pd
from flask import Blueprint, Response

from api.answers import json_response, json_value, paged
from api.csv_files import csv_file
from api.narrowing import asked_pipeline, latest, pipeline_parameters, wanted
from api.parameters import PAGING, Parameters
from pipelines.models import Pipeline
from pipelines.registry import Registry
from queries.cube import dimension
from queries.group_export import export_columns, export_rows
from queries.group_list import AT_WORK, SORTS, STATES, GroupQuery, groups
from queries.paging import FIRST, Paging
from queries.reader import Reader
from queries.snapshot import stored_values
from queries.snapshots import Snapshots

LISTED = ("phase", "state", "q")
OF_TASK = ("task_id", "job_id", "status", "error_details", "ended_at", "retry_count")


def group_lists(registry: Registry, snapshots: Snapshots, reader: Reader) -> Blueprint:
    """The blueprint of the groups."""
    blueprint = Blueprint("groups", __name__)

    @blueprint.get("/api/etl/groups")
    def etl_groups() -> Response:
        pipeline = asked_pipeline(registry)
        parameters = pipeline_parameters(pipeline, *LISTED, *PAGING)
        query = _query(pipeline, snapshots, parameters, parameters.paging(SORTS))
        with reader.transaction() as connection:
            page = groups(connection, pipeline, query)
        rows = [_group(pipeline, row) for row in page.rows.to_dict("records")]
        named = {"pipeline": pipeline.id, "etl_type": pipeline.etl_type}
        asked = {**named, "phase": query.phase_id, "state": query.state}
        return json_response({**asked, **paged("groups", rows, page, query.paging)})

    @blueprint.get("/api/etl/groups.csv")
    def groups_csv() -> Response:
        pipeline = asked_pipeline(registry)
        query = _query(pipeline, snapshots, pipeline_parameters(pipeline, *LISTED), FIRST)
        name = f"{pipeline.id}-{query.phase_id}-{query.state}-groups"
        rows = reader.stream(export_rows(pipeline, query))
        return csv_file(name, _header(pipeline), rows)

    return blueprint


def _query(
    pipeline: Pipeline, snapshots: Snapshots, parameters: Parameters, paging: Paging
) -> GroupQuery:
    phases = {phase.id: phase for phase in pipeline.phases}
    phase = phases[parameters.choice("phase", phases)]
    states = [state for state in STATES if phase.has_tasks or state not in AT_WORK]
    state = parameters.choice("state", states)
    filters = wanted(pipeline, parameters)
    # The snapshot alone knows what a filter's values are called in the tables.
    stored = stored_values(latest(snapshots, pipeline)[0], filters) if filters else {}
    text = parameters.one("q")
    return GroupQuery(pipeline.id, phase.id, state, tuple(stored.items()), text, paging)


def _group(pipeline: Pipeline, row: dict[str, Any]) -> dict[str, Any]:
    """values: what all files of the group have, null for none, "several" where they differ."""
    task = {name: json_value(row[name]) for name in OF_TASK}
    return {
        "group": row["group"],
        "files": row["files"],
        "bytes": row["bytes"],
        "values": {field: json_value(row[dimension(field)]) for field in pipeline.dimensions},
        "task": None if pd.isna(row["task_id"]) else task,
    }


def _header(pipeline: Pipeline) -> dict[str, str]:
    """The columns of the file: a grouping is called by its field, where no other column is."""
    dtypes = export_columns(pipeline)
    fields = {dimension(field): field for field in pipeline.dimensions}
    taken = dtypes.keys() - fields.keys()
    return {
        name if fields.get(name, name) in taken else fields.get(name, name): dtype
        for name, dtype in dtypes.items()
    }
