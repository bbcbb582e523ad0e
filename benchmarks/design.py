"""The SQL way: what a plain dashboard after the design would ask at each refresh.

The design (PIPELINE_UI.md, "SQL Queries") gives three statements for the files: the summary with
both phases, "by grouping (region example)" and the rates of the last hour. Its page has four
groupings, so the second is asked four times; and its list of active jobs needs one more over jobs
and tasks: seven in all. The columns are the design's; the seventh's those of its example answer.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, text

SUMMARY = """
SELECT
    COUNT(*) as total,
    COUNT(*) FILTER (WHERE phase1_completed_at IS NULL) as phase1_pending,
    COUNT(*) FILTER (WHERE phase1_completed_at IS NOT NULL) as phase1_done,
    COUNT(*) FILTER (WHERE phase1_completed_at IS NOT NULL
                     AND phase2_completed_at IS NULL) as phase2_eligible,
    COUNT(*) FILTER (WHERE phase2_completed_at IS NOT NULL) as phase2_done,
    SUM(file_size_bytes) as total_bytes
FROM app.etl_source_files
WHERE etl_type = 'fathom'
"""
BY_GROUPING = """
SELECT
    source_metadata->>'{field}' as {field},
    COUNT(*) as total,
    COUNT(*) FILTER (WHERE phase1_completed_at IS NOT NULL) as phase1_done,
    COUNT(*) FILTER (WHERE phase2_completed_at IS NOT NULL) as phase2_done
FROM app.etl_source_files
WHERE etl_type = 'fathom'
GROUP BY source_metadata->>'{field}'
"""
RATES = """
SELECT
    COUNT(*) FILTER (WHERE phase1_completed_at > NOW() - INTERVAL '1 hour') as phase1_last_hour,
    COUNT(*) FILTER (WHERE phase2_completed_at > NOW() - INTERVAL '1 hour') as phase2_last_hour
FROM app.etl_source_files
WHERE etl_type = 'fathom'
"""
ACTIVE_JOBS = """
SELECT j.job_id, j.job_type, j.status, j.stage, j.parameters, t.status, COUNT(t.task_id) as tasks
FROM app.jobs j
LEFT JOIN app.tasks t ON t.parent_job_id = j.job_id AND t.stage = j.stage
WHERE j.job_type IN ('process_fathom_stack', 'process_fathom_merge', 'inventory_fathom_container')
  AND j.status IN ('queued', 'processing')
GROUP BY j.job_id, t.status
"""
GROUPINGS = ("region", "flood_type", "defense", "year")
STATEMENTS = (
    SUMMARY,
    *(BY_GROUPING.format(field=field) for field in GROUPINGS),
    RATES,
    ACTIVE_JOBS,
)


def design_refresh(engine: Engine) -> list[list[Any]]:
    """The rows of each of the seven statements, fetched whole, over one connection."""
    with engine.connect() as connection:
        return [list(connection.execute(text(statement))) for statement in STATEMENTS]
