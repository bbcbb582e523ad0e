"""The parts of the templates for the tasks."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Text, column, table
from sqlalchemy.dialects.postgresql import JSONB

from database.kept.definition import Definition, column_types
from database.kept.file_parts import LOCK_CLASS, names
from database.kept.sql import body, compiled, filled, literal_text
from pipelines.models import Phase


def parts(definitions: Sequence[Definition], moment: str) -> dict[str, str]:
    """All parts of the tasks' templates; `moment` is the type of the tasks' times."""
    given = {
        "moment": moment,
        "lock_class": str(LOCK_CLASS),
        "ended": "CASE WHEN r.status::text = 'completed' "
        "THEN date_trunc('minute', r.updated_at) END",
        "minutes_from": f"(now() - interval '1 hour')::{moment}",
        "checked_from": f"(now() - interval '50 minutes')::{moment}",
        "cell_key": "sha256(convert_to(coalesce(cell::text, ''), 'UTF8'))",
    }
    given |= _phases(definitions)
    given["started"] = filled("stage_started", given)
    given["phase_rows"] = filled("phase_rows", given)
    for function in ("tasks_changed", "keep_phase_tasks"):
        given[f"{function}_body"] = body(filled(function, given))
    given["fold_tasks_body"] = body(filled("tasks_fold", given))
    return given


def _phases(definitions: Sequence[Definition]) -> dict[str, str]:
    """The phases whose tasks are known by their type, and where those name their group."""
    known = [
        (definition.pipeline.id, number, phase)
        for definition in definitions
        for number, phase in enumerate(definition.pipeline.phases, start=1)
        if phase.has_tasks
    ]
    types = sorted({phase.task_type or "" for _, _, phase in known})
    rows = [
        f"{literal_text(phase.task_type or '')}, {literal_text(pipeline)}, {number}::smallint"
        for pipeline, number, phase in known
    ]
    groups = [_group("r", phase) for _, _, phase in known]
    nothing = "NULL::text, NULL::text, NULL::smallint"
    cells = [
        f"WHEN {literal_text(d.pipeline.id)} THEN {names(d.pipeline.id)['cell_of']}"
        "(known.phase, known.grp)"
        for d in definitions
    ]
    return {
        "task_types": f"ARRAY[{', '.join(map(literal_text, types))}]::text[]",
        "phases": ", ".join(f"({row})" for row in rows) or f"({nothing})",
        "phase_groups": ", ".join(
            f"({row}, {group})" for row, group in zip(rows, groups, strict=True)
        )
        or f"({nothing}, NULL::text)",
        "group_of_new": _any_group("r", [phase for _, _, phase in known]),
        "group_of_old": _any_group("o", [phase for _, _, phase in known]),
        "cell_of_group": f"CASE known.pipeline {' '.join(cells)} END" if cells else "NULL::text[]",
    }


def _group(row: str, phase: Phase) -> str:
    rows = table(row, column("parameters", JSONB), column("task_type", Text))
    path = tuple((phase.task_group or "").split("."))
    return compiled(rows.c.parameters[path].astext)


def _any_group(row: str, phases: Sequence[Phase]) -> str:
    """What changes when the group of a task does, whatever its type."""
    groups = sorted({_group(row, phase) for phase in phases})
    return f"ARRAY[{', '.join(groups)}]::text[]"


def moment_type(connection: Connection) -> str:
    """The SQL type of the tasks' times."""
    return column_types(connection, "tasks")["execution_started_at"]
