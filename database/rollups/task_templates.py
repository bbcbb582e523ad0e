"""The values for the SQL templates of the tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Text, column, table, text
from sqlalchemy.dialects.postgresql import JSONB

from database.rollups.definition import Definition, column_types
from database.rollups.file_templates import LOCK_CLASS, names
from database.rollups.origin import origin
from database.rollups.shape import Column, as_installed, trigger
from database.rollups.sql import body, compiled, filled, is_valid_time, literal_text
from pipelines.models import Phase, Pipeline


@dataclass(frozen=True)
class Times:
    """The tasks' time columns: their SQL type, and the server's zone, which naive times are in."""

    kind: str
    zone: str

    def instant(self, timestamp: str) -> str:
        """A time as an instant, independent of the writer's time zone; NULL for an invalid time."""
        is_valid, naive = is_valid_time(timestamp), "without time zone" in self.kind
        instant = f"{timestamp} AT TIME ZONE {literal_text(self.zone)}" if naive else timestamp
        return f"CASE WHEN {is_valid} THEN {instant} END"


TABLES = (
    "task_changes",
    "task_counts",
    "task_minutes",
    "task_stages",
    "phase_tasks",
    "duration_changes",
    "durations",
)


def template_values(
    definitions: Sequence[Definition],
    times: Times,
    columns: Sequence[Column] = (),
    of_jobs: Sequence[Column] = (),
) -> dict[str, str]:
    """All values for the tasks' templates; columns, of_jobs: the columns that triggers need."""
    timestamp = times.kind
    given = {
        "timestamp_type": timestamp,
        "lock_class": str(LOCK_CLASS),
        "origin": origin("tasks"),
        "ended": f"CASE WHEN r.status::text = 'completed' AND {is_valid_time('r.updated_at')} "
        "THEN date_trunc('minute', r.updated_at) END",
        "begun": f"CASE WHEN {is_valid_time('r.execution_started_at')} "
        "THEN r.execution_started_at END",
        "is_timed": f"{times.instant('r.updated_at')} >= {times.instant('r.execution_started_at')}",
        "duration": f"{times.instant('r.updated_at')} - {times.instant('r.execution_started_at')}",
        "minutes_from": f"(now() - interval '1 hour')::{timestamp}",
        "checked_from": f"(now() - interval '50 minutes')::{timestamp}",
        "cell_key": "sha256(convert_to(coalesce(cell::text, ''), getdatabaseencoding()))",
    }
    given |= _phases(definitions)
    given["started"] = filled("stage_started", given)
    given["phase_rows"] = filled("phase_rows", given)
    conditions = [as_installed("tasks", columns)]
    if any(one.pipeline.within for one in definitions):
        conditions.append(as_installed("jobs", of_jobs))
    changed = _trigger(filled("tasks_changed", given), definitions, conditions)
    given["tasks_changed_body"] = body(changed)
    given["refresh_phase_tasks_body"] = body(filled("refresh_phase_tasks", given))
    given["compact_tasks_body"] = body(filled("tasks_compact", given))
    return given


def _trigger(work: str, definitions: Sequence[Definition], conditions: list[str]) -> str:
    # A task's group is looked up among the files, so both tables must be unchanged.
    of_files = sorted({column for one in definitions for column in one.columns})
    conditions += [as_installed("etl_source_files", of_files)] if of_files else []
    needed = [f"monitor.{name}" for name in TABLES]
    return trigger("tasks", work, "ids text[];", conditions, needed, "subject = ''")


def _phases(definitions: Sequence[Definition]) -> dict[str, str]:
    """The phases that have tasks, their task types, and where tasks name their group."""
    with_tasks = [
        (definition.pipeline, number, phase)
        for definition in definitions
        for number, phase in enumerate(definition.pipeline.phases, start=1)
        if phase.has_tasks
    ]
    types = sorted({phase.task_type or "" for _, _, phase in with_tasks})
    rows = [
        f"{literal_text(phase.task_type or '')}, {literal_text(pipeline.id)}, {number}::smallint"
        for pipeline, number, phase in with_tasks
    ]
    groups = [f"{_group('r', phase)}, {_path(pipeline)}" for pipeline, _, phase in with_tasks]
    nothing = "NULL::text, NULL::text, NULL::smallint"
    cells = [
        f"WHEN {literal_text(d.pipeline.id)} THEN {names(d.pipeline.id)['cell_of']}"
        "(known.phase, known.grp, spelled.within)"
        for d in definitions
    ]
    return {
        "task_types": f"ARRAY[{', '.join(map(literal_text, types))}]::text[]",
        "phases": ", ".join(f"({row})" for row in rows) or f"({nothing})",
        "phase_groups": ", ".join(
            f"({row}, {group})" for row, group in zip(rows, groups, strict=True)
        )
        or f"({nothing}, NULL::text, NULL::text[])",
        "group_of_new": _any_group("r", with_tasks),
        "group_of_old": _any_group("o", with_tasks),
        "cell_of_group": f"CASE known.pipeline {' '.join(cells)} END" if cells else "NULL::text[]",
    }


def _group(row: str, phase: Phase) -> str:
    rows = table(row, column("parameters", JSONB), column("task_type", Text))
    path = tuple((phase.task_group or "").split("."))
    return compiled(rows.c.parameters[path].astext)


def _path(pipeline: Pipeline) -> str:
    """Where a task, or its job, names what tells groups of one name apart."""
    if pipeline.within is None or pipeline.within.group_parameter is None:
        return "NULL::text[]"
    keys = ", ".join(map(literal_text, pipeline.within.group_parameter.split(".")))
    return f"ARRAY[{keys}]::text[]"


def _any_group(row: str, with_tasks: Sequence[tuple[Pipeline, int, Phase]]) -> str:
    """SQL that changes whenever the group of a task does, whatever the task type."""
    groups = {_group(row, phase) for _, _, phase in with_tasks}
    named = {_path(pipeline) for pipeline, _, _ in with_tasks if pipeline.within}
    groups |= {f"{row}.parameters #>> {path}" for path in named}
    return f"ARRAY[{', '.join(sorted(groups))}]::text[]"


def times_of_tasks(connection: Connection) -> Times:
    """The tasks' time columns in this database."""
    zone: str = connection.execute(text("SHOW TimeZone")).scalar_one()
    return Times(column_types(connection, "tasks")["execution_started_at"], zone)
