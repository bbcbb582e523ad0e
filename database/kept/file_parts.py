"""The parts of the templates for a pipeline's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Text, column, table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.expression import TableClause

from database.kept.definition import Definition, prefix_of
from database.kept.sql import body, compiled, filled, identifier, literal_text
from database.tables import grouping_value
from pipelines.models import Pipeline

# The first key of the advisory locks; the second is the number of a subject.
LOCK_CLASS = 1_835_888_499
HOURS_BEFORE = "date_trunc('hour', now() - interval '2 days', 'UTC')"
OBJECTS = ("changes", "cells", "minutes", "hours", "touched", "files_changed", "fold", "cell_of")
EVENTS = ("insert", "update", "delete", "truncate")


def names(pipeline_id: str) -> dict[str, str]:
    """The names of a pipeline's kept tables, functions and triggers, as SQL."""
    prefix = prefix_of(pipeline_id)
    objects = {name: f"monitor.{identifier(f'{prefix}_{name}')}" for name in OBJECTS}
    triggers = {f"{event}_trigger": identifier(f"monitor_{prefix}_{event}") for event in EVENTS}
    return objects | triggers


def measures(pipeline: Pipeline) -> dict[str, str]:
    """The measures of a cell as sums over facts, by column; phases are counted from 1."""
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


def parts(definition: Definition, number: int) -> dict[str, str]:
    """All parts of a pipeline's templates; `number` is that of its lock."""
    pipeline = definition.pipeline
    given = names(pipeline.id) | _constants(pipeline, number)
    given |= _moments(definition) | _measures(pipeline)
    given["cell_of_body"] = body(_cell_of(definition))
    given |= _changed(definition, given)
    given["files_changed_body"] = body(filled("files_changed", given))
    given["fold_body"] = body(filled("files_fold", given))
    return given


def _constants(pipeline: Pipeline, number: int) -> dict[str, str]:
    return {
        "cell": cell(pipeline),
        "etl_type": literal_text(pipeline.etl_type),
        "subject": literal_text(pipeline.id),
        "number": str(number),
        "lock_class": str(LOCK_CLASS),
        "hours_before": HOURS_BEFORE,
    }


def _changed(definition: Definition, given: Mapping[str, str]) -> dict[str, str]:
    """What the trigger does for each event, from the rows before and after it.

    Rows are taken together before anything is made of them: with expressions for either side the
    trigger takes half as long again.
    """
    events = {"inserted": ("new",), "deleted": ("old",), "updated": ("old", "new")}
    return {event: _facts(definition, given, sides) for event, sides in events.items()}


def _facts(definition: Definition, given: Mapping[str, str], sides: Iterable[str]) -> str:
    rows, groups = [], []
    for side in sides:
        rows.append(_rows(definition, side))
        groups += _groups(definition, side)
    together = {"rows": " UNION ALL ".join(rows), "groups": " UNION ALL ".join(groups)}
    return filled("files_facts", {**given, **together})


def _rows(definition: Definition, side: str) -> str:
    """One side's rows: what is counted of them, and whether they came or went."""
    pipeline = definition.pipeline
    fields = {"etl_type", "file_size_bytes", *(phase.completed_field for phase in pipeline.phases)}
    for grouping in pipeline.groupings:
        fields.add(grouping.field if grouping.source == "column" else "source_metadata")
    listed = ", ".join(map(identifier, sorted(fields)))
    sign = "1" if side == "new" else "-1"
    return filled("files_rows", {"sign": sign, "fields": listed, "side": f"{side}_rows"})


def _groups(definition: Definition, side: str) -> list[str]:
    """The groups of one side's rows in the phases whose tasks are known."""
    keys = {
        str(number): f"{identifier(phase.group_key or '')}::text"
        for number, phase in enumerate(definition.pipeline.phases, start=1)
        if phase.has_tasks
    }
    return [
        filled("files_groups", {"phase": number, "group_key": key, "side": f"{side}_rows"})
        for number, key in (keys or {"0": "NULL::text"}).items()
    ]


def cell(pipeline: Pipeline) -> str:
    """The values of a row's groupings, from a row called r."""
    row = _row(pipeline)
    values = [compiled(grouping_value(row, grouping)) for grouping in pipeline.groupings]
    return f"ARRAY[{', '.join(values)}]::text[]"


def _row(pipeline: Pipeline) -> TableClause:
    own = {grouping.field for grouping in pipeline.groupings if grouping.source == "column"}
    columns = [column(name, Text) for name in sorted(own)]
    return table("r", column("source_metadata", JSONB), *columns)


def _moments(definition: Definition) -> dict[str, str]:
    """The minutes in which a row's phases were completed.

    Changes keep them as the table has them: a naive time is in the server's zone, which the session
    of a writer need not be in; who folds and reads knows it.
    """
    numbers = range(1, len(definition.moments) + 1)
    rows = [
        f"date_trunc('minute', r.{identifier(phase.completed_field)})"
        for phase in definition.pipeline.phases
    ]
    declared = zip(numbers, definition.moments, strict=True)
    return {
        "moments": _listed(f"at_{number}" for number in numbers),
        "moment_columns": _listed(f"at_{number} {kind}" for number, kind in declared),
        "row_moments": _listed(rows),
        "coarse_moments": _listed(_coarse(rows, HOURS_BEFORE)),
        "kept_moments": _listed(_coarse(rows, "kept.hours_before")),
        "phase_moments": ", ".join(f"({n}, at_{n}::timestamptz)" for n in numbers),
        "group_by": ", ".join(str(place) for place in range(1, len(rows) + 2)),
    }


def _coarse(minutes: Sequence[str], hours_before: str) -> list[str]:
    """The minutes, the old ones as hours."""
    return [
        f"CASE WHEN {at}::timestamptz < {hours_before} "
        f"THEN date_trunc('hour', {at}::timestamptz, 'UTC') ELSE {at}::timestamptz END AS at_{n}"
        for n, at in enumerate(minutes, start=1)
    ]


def _measures(pipeline: Pipeline) -> dict[str, str]:
    sums = measures(pipeline)
    wide = {name: "numeric" if name.startswith("bytes") else "bigint" for name in sums}
    return {
        "measures": ", ".join(sums),
        "measure_columns": _listed(f"{name} {kind} NOT NULL" for name, kind in wide.items()),
        "sums": ", ".join(sums.values()),
        "additions": ", ".join(f"{name} = kept.{name} + excluded.{name}" for name in sums),
        "totals": ", ".join(f"sum({name})" for name in sums),
        "nothing": ", ".join("0" for _ in sums),
        "zeros": _listed(f"{name} = 0" for name in sums),
    }


def _listed(items: Iterable[str]) -> str:
    """Items that something follows."""
    return "".join(f"{item}, " for item in items)


def _cell_of(definition: Definition) -> str:
    pipeline = definition.pipeline
    found = [
        "("
        + filled(
            "cell_of",
            {
                **_constants(pipeline, 0),
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
