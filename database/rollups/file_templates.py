"""The values for the SQL templates of a pipeline's files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Text, column, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import TableClause

from database.rollups.definition import Definition, prefix_of
from database.rollups.origin import origin
from database.rollups.sql import body, compiled, filled, identifier, is_valid_time, literal_text
from database.tables import grouping_value, spelled_alike
from pipelines.models import Pipeline

# The first key of the advisory locks; the second is the subject's number.
LOCK_CLASS = 1_835_888_499
HOURS_BEFORE = "date_trunc('hour', now() - interval '2 days', 'UTC')"
OBJECTS = ("changes", "cells", "minutes", "hours", "dirty_groups", "compact", "cell_of")


def names(pipeline_id: str) -> dict[str, str]:
    """The names of a pipeline's rollup tables and functions, as SQL."""
    prefix = prefix_of(pipeline_id)
    return {name: f"monitor.{identifier(f'{prefix}_{name}')}" for name in OBJECTS}


def measures(pipeline: Pipeline) -> dict[str, str]:
    """The measures of a cell as sums over facts, by column. Phases are numbered from 1."""
    sums = {"files": "sum(files)", "unsized": "sum(unsized)", "bytes": "sum(bytes)"}
    for number, _ in enumerate(pipeline.phases, start=1):
        done = f"at_{number} IS NOT NULL"
        ready = f"at_{number - 1} IS NOT NULL" if number > 1 else "true"
        sums |= {
            f"completed_{number}": f"sum(files) FILTER (WHERE {done})",
            f"eligible_{number}": f"sum(files) FILTER (WHERE {ready} AND NOT {done})",
            f"ahead_{number}": f"sum(files) FILTER (WHERE {done} AND NOT {ready})",
            f"bytes_{number}": f"sum(bytes) FILTER (WHERE {done})",
        }
    return {name: f"coalesce({total}, 0)" for name, total in sums.items()}


def template_values(definition: Definition, number: int) -> dict[str, str]:
    """All values for a pipeline's templates; `number` is that of its lock."""
    pipeline = definition.pipeline
    given = names(pipeline.id) | _constants(pipeline, number)
    given |= _timestamps(definition) | _groups(pipeline) | _measures(pipeline)
    given["cell_of_body"] = body(_cell_of(definition))
    given["compact_body"] = body(filled("files_compact", given))
    return given


def _constants(pipeline: Pipeline, number: int) -> dict[str, str]:
    return {
        "cell": cell(pipeline),
        "etl_type": literal_text(pipeline.etl_type),
        "subject": literal_text(pipeline.id),
        "number": str(number),
        "lock_class": str(LOCK_CLASS),
        "hours_before": HOURS_BEFORE,
        "origin": origin("etl_source_files"),
    }


def cell(pipeline: Pipeline) -> str:
    """The grouping values of the row `r`, as an SQL array."""
    row = _row(pipeline)
    values = [compiled(grouping_value(row, grouping)) for grouping in pipeline.groupings]
    return f"ARRAY[{', '.join(values)}]::text[]"


def within(pipeline: Pipeline) -> str:
    """What tells groups of one name apart, for the row `r`; see queries/within.py."""
    if pipeline.within is None:
        return "NULL::text"
    return compiled(spelled_alike(grouping_value(_row(pipeline), pipeline.within)))


def _row(pipeline: Pipeline) -> TableClause:
    own = {grouping.field for grouping in pipeline.groupings if grouping.source == "column"}
    columns = [column(name, Text) for name in sorted(own)]
    return table("r", column("source_metadata", JSONB), *columns)


def _timestamps(definition: Definition) -> dict[str, str]:
    """The minutes in which a row's phases were completed.

    Changes store them as the table does. A naive time is in the server's zone, which may differ
    from the zone of the writer's session; compaction and reads run in the server's zone.
    """
    numbers = range(1, len(definition.timestamps) + 1)
    rows = [
        _minute(f"r.{identifier(phase.completed_field)}") for phase in definition.pipeline.phases
    ]
    declared = zip(numbers, definition.timestamps, strict=True)
    return {
        "timestamps": _listed(f"at_{number}" for number in numbers),
        "timestamp_columns": _listed(f"at_{number} {kind}" for number, kind in declared),
        "row_timestamps": _listed(rows),
        "coarse_timestamps": _listed(_coarse(rows, HOURS_BEFORE)),
        "rollup_timestamps": _listed(_coarse(rows, "rollup.hours_before")),
        "phase_timestamps": ", ".join(f"({n}, at_{n}::timestamptz)" for n in numbers),
        "group_by": ", ".join(str(place) for place in range(1, len(rows) + 2)),
    }


def _minute(timestamp: str) -> str:
    """The minute of a time; -infinity for an invalid time, which still counts as completed."""
    return (
        f"CASE WHEN {is_valid_time(timestamp)} THEN date_trunc('minute', {timestamp}) "
        f"WHEN {timestamp} IS NOT NULL THEN '-infinity' END"
    )


def _groups(pipeline: Pipeline) -> dict[str, str]:
    """The names of a row's groups, in the phases that have tasks."""
    numbers = _with_tasks(pipeline)
    keys = [identifier(pipeline.phases[number - 1].group_key or "") for number in numbers]
    places = range(1, 2 + len(pipeline.phases) + len(keys))
    return {
        "groups": _listed(f"grp_{number}" for number in numbers),
        "group_columns": _listed(f"grp_{number} text" for number in numbers),
        "row_groups": _listed(f"r.{key}::text" for key in keys),
        "phase_groups": phase_groups(pipeline),
        "all_places": ", ".join(map(str, places)),
    }


def phase_groups(pipeline: Pipeline) -> str:
    """The groups of a change, as rows of phase number and name."""
    rows = [f"({number}::smallint, grp_{number})" for number in _with_tasks(pipeline)]
    return ", ".join(rows) or "(NULL::smallint, NULL::text)"


def _with_tasks(pipeline: Pipeline) -> list[int]:
    return [number for number, phase in enumerate(pipeline.phases, start=1) if phase.has_tasks]


def _coarse(minutes: Sequence[str], hours_before: str) -> list[str]:
    """The minutes, with old ones rounded to hours."""
    return [
        f"CASE WHEN ({at})::timestamptz < {hours_before} "
        f"THEN date_trunc('hour', ({at})::timestamptz, 'UTC') "
        f"ELSE ({at})::timestamptz END AS at_{n}"
        for n, at in enumerate(minutes, start=1)
    ]


def _measures(pipeline: Pipeline) -> dict[str, str]:
    sums = measures(pipeline)
    wide = {name: "numeric" if name.startswith("bytes") else "bigint" for name in sums}
    return {
        "measures": ", ".join(sums),
        "measure_columns": _listed(f"{name} {kind} NOT NULL" for name, kind in wide.items()),
        "sums": ", ".join(sums.values()),
        "additions": ", ".join(f"{name} = rollup.{name} + excluded.{name}" for name in sums),
        "totals": ", ".join(f"sum({name})" for name in sums),
        "nothing": ", ".join("0" for _ in sums),
        "zeros": _listed(f"{name} = 0" for name in sums),
    }


def _listed(items: Iterable[str]) -> str:
    """Items with a comma after each."""
    return "".join(f"{item}, " for item in items)


def _nearest(pipeline: Pipeline) -> str:
    """An order that puts files matching what the task names first."""
    return f"{within(pipeline)} = coalesce(wanted_within, '') DESC," if pipeline.within else ""


def _cell_of(definition: Definition) -> str:
    pipeline = definition.pipeline
    found = [
        "("
        + filled(
            "cell_of",
            {
                **_constants(pipeline, 0),
                "nearest": _nearest(pipeline),
                "phase": str(number),
                "group_key": identifier(phase.group_key or ""),
            },
        )
        + ")"
        for number, (phase, indexed) in enumerate(
            zip(pipeline.phases, definition.indexed, strict=True), start=1
        )
        if indexed
    ]
    return " UNION ALL ".join(found) or "SELECT NULL::text[]"
