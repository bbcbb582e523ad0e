"""The statements that read one pipeline's rollups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from database.rollups.file_templates import cell, measures, names, phase_groups, within
from database.rollups.origin import of_others
from database.rollups.sql import Statements, identifier, literal_text
from pipelines.models import Pipeline
from queries.cube import LARGEST_SUM


@dataclass(frozen=True)
class RollupStatements:
    """Statements without parameters.

    `cells`, `minutes`, `durations` and `dirty_groups` may be narrowed to rows that changed (see
    `since`); `latest_durations` are those of two days.
    """

    state: str
    definition: str
    cells: str
    changes: str
    minutes: str
    latest_durations: str
    durations: str
    duration_changes: str
    dirty_groups: str
    open_groups: str


def statements(pipeline: Pipeline) -> RollupStatements:
    """The statements of a pipeline."""
    given = names(pipeline.id) | {
        "measures": ", ".join(_whole(name) for name in measures(pipeline)),
        "timestamps": "".join(f"{_epoch(f'at_{n}')}, " for n in _numbers(pipeline)),
        "grouped": ", ".join(str(1 + n) for n in range(len(pipeline.phases) + 1)),
        "subject": literal_text(pipeline.id),
        "changed_bytes": _clipped("sum(bytes)"),
        "phase_groups": phase_groups(pipeline),
        "files_of_others": of_others("files", "etl_source_files"),
        "tasks_of_others": of_others("tasks", "tasks"),
    }

    def made(template: str) -> str:
        return Statements(template).substitute(given)

    return RollupStatements(
        state=made(STATE),
        definition=made(DEFINITION),
        cells=made(CELLS),
        changes=made(CHANGES),
        minutes=made(MINUTES),
        latest_durations=made(DURATIONS + LATEST),
        durations=made(DURATIONS),
        duration_changes=made(DURATION_CHANGES),
        dirty_groups=made(DIRTY_GROUPS),
        open_groups=made(OPEN_GROUPS),
    )


def since(statement: str, snapshot: str) -> str:
    """The statement for the rows that a transaction with that snapshot did not see.

    Also those of transactions that were under way then: a sequence or a clock would miss them.
    """
    return statement + Statements(LATER).substitute(snapshot=literal_text(snapshot))


def _numbers(pipeline: Pipeline) -> range:
    return range(1, len(pipeline.phases) + 1)


def _whole(column: str) -> str:
    return _clipped(column) if column.startswith("bytes") else column


def _clipped(size: str) -> str:
    return f"least(greatest({size}, -{LARGEST_SUM}), {LARGEST_SUM})::bigint"


def _epoch(timestamp: str) -> str:
    """A time in seconds; one that is not known is long ago."""
    seconds = f"extract(epoch FROM {timestamp}::timestamptz)::bigint"
    unknown = f"WHEN {timestamp} IS NOT NULL THEN {LONG_AGO}"
    return f"CASE WHEN isfinite({timestamp}) THEN {seconds} {unknown} END"


LONG_AGO = -(10**15)

LATER = """
AND changed >= pg_snapshot_xmin(@snapshot::pg_snapshot)
AND NOT pg_visible_in_snapshot(changed, @snapshot::pg_snapshot)
"""

STATE = """
SELECT files.digest, files.generation, tasks.generation AS task_generation,
       pg_current_snapshot()::text AS snapshot, pg_is_in_recovery() AS standby, now() AS as_of,
       coalesce(files.dirty_from::text, '0')::numeric AS dirty_from,
       files.built_at IS NOT NULL AND tasks.built_at IS NOT NULL AS counted,
       (SELECT string_agg(DISTINCT reason, '; ') FROM monitor.invalid
        WHERE subject IN (@subject, '')) AS invalid_subjects,
       @files_of_others OR @tasks_of_others AS restored,
       (SELECT count(*) FROM pg_trigger
        WHERE NOT tgisinternal AND tgenabled = 'A'
          AND NOT EXISTS (SELECT FROM pg_inherits WHERE tgrelid IN (inhparent, inhrelid))
          AND NOT EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = tgrelid)
          AND (tgrelid = to_regclass('app.etl_source_files')
               AND starts_with(tgname, 'monitor_files_')
               OR tgrelid = to_regclass('app.tasks') AND starts_with(tgname, 'monitor_tasks_'))
       ) AS triggers
FROM monitor.rollups AS files CROSS JOIN monitor.rollups AS tasks
WHERE files.subject = @subject AND tasks.subject = ''
"""

DEFINITION = "SELECT definition FROM monitor.rollups WHERE subject = @subject"

CELLS = "SELECT cell, cell_id, @measures FROM @cells WHERE true"

CHANGES = """
SELECT cell, @timestamps sum(files)::bigint, sum(unsized)::bigint, @changed_bytes
FROM @changes
WHERE xid >= (SELECT low FROM monitor.rollups WHERE subject = @subject)
GROUP BY @grouped
"""

MINUTES = """
SELECT cell_id, phase, extract(epoch FROM at)::bigint, files FROM @minutes
WHERE at >= date_trunc('minute', now() - interval '1 hour') AND isfinite(at)
"""

DURATIONS = """
SELECT cell, phase, extract(epoch FROM hour)::bigint, tasks, micros::bigint
FROM monitor.durations WHERE pipeline = @subject
"""

# Two days of activity, though one counts: the last hour may move back.
LATEST = """
AND hour > (SELECT max(hour) - interval '48 hours' FROM monitor.durations AS active
            WHERE active.pipeline = @subject AND active.phase = durations.phase
              AND active.tasks > 0)
"""

DURATION_CHANGES = """
SELECT cell, phase, extract(epoch FROM hour)::bigint, sum(tasks)::bigint, sum(micros)::bigint
FROM monitor.duration_changes
WHERE pipeline = @subject AND xid >= (SELECT low FROM monitor.rollups WHERE subject = '')
GROUP BY cell, phase, hour
"""

# A compaction takes them from the changes.
DIRTY_GROUPS = """
SELECT DISTINCT phase, grp
FROM (SELECT changed, phase, grp FROM @dirty_groups
      UNION ALL
      SELECT xid, phase, grp
      FROM @changes CROSS JOIN LATERAL (VALUES @phase_groups) AS of_change (phase, grp)
     ) AS each (changed, phase, grp)
WHERE grp IS NOT NULL
"""

OPEN_GROUPS = """
SELECT DISTINCT ON (task.phase, task.grp, task.within)
       task.phase, task.grp, task.within, task.status
FROM (
    SELECT DISTINCT phase, grp FROM monitor.phase_tasks
    WHERE pipeline = @subject AND status IN ('failed', 'processing') AND grp IS NOT NULL
) AS open CROSS JOIN LATERAL (
    SELECT * FROM monitor.phase_tasks AS one
    WHERE one.pipeline = @subject AND one.phase = open.phase AND one.grp = open.grp
      AND hashtextextended(one.grp, 0) = hashtextextended(open.grp, 0)
    OFFSET 0) AS task
ORDER BY task.phase, task.grp, task.within, task.status = 'processing' DESC,
         task.created_at DESC NULLS LAST, task.task_id DESC
"""

# OFFSET 0: one look into the index for each group, whatever the planner thinks of their number.
FILES_OF_GROUPS = """
SELECT @phase, wanted.grp, file.within, file.cell, count(*)
FROM unnest(ARRAY[@groups]::text[]) AS wanted (grp) CROSS JOIN LATERAL (
    SELECT @cell AS cell, @within AS within FROM app.etl_source_files AS r
    WHERE r.etl_type = @etl_type AND r.@group_key = wanted.grp AND r.@completed_field IS NULL
    OFFSET 0) AS file
GROUP BY wanted.grp, file.within, file.cell
"""


def files_of_groups(pipeline: Pipeline, number: int, groups: Iterable[str]) -> str:
    """Of groups of a phase (from 1): the files that are not completed, by group and cell."""
    phase = pipeline.phases[number - 1]
    return Statements(FILES_OF_GROUPS).substitute(
        cell=cell(pipeline),
        within=within(pipeline),
        phase=str(number),
        groups=", ".join(map(literal_text, groups)),
        etl_type=literal_text(pipeline.etl_type),
        group_key=identifier(phase.group_key or ""),
        completed_field=identifier(phase.completed_field),
    )
