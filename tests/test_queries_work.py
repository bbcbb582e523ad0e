"""What tasks say about files, where there are many tasks."""

from __future__ import annotations

from sqlalchemy import Engine, text

from database.rollups.install import install
from pipelines.models import Pipeline
from pipelines.registry import load_registry
from queries.frames import read_transaction
from queries.phases import phases
from queries.work import unfinished_groups
from tests.factories import RWA, add_files, add_job, add_task, read_now, row

# A third of the groups failed, a third of these was tried again since.
MANY = text(
    """
    INSERT INTO app.tasks
        (task_id, parent_job_id, job_type, task_type, stage, parameters, status, created_at)
    SELECT 'many-' || i, 'job-1', 'process_fathom_stack', 'fathom_band_stack', 2,
           jsonb_build_object('tile_group', jsonb_build_object('output_name', 'g' || i % 9000)),
           CASE WHEN i < 9000 AND i % 3 = 0 THEN 'failed' ELSE 'completed' END::app.task_status,
           NOW() + i * INTERVAL '1 second'
    FROM generate_series(0, 29999) AS i WHERE i < 9000 OR i % 9 = 0
    """
)


def test_thousands_of_failed_groups_are_found_in_one_pass(engine: Engine, fathom: Pipeline) -> None:
    with engine.begin() as connection:
        add_job(connection, "job-1")
        connection.execute(MANY)
        connection.execute(text("ANALYZE app.tasks"))
    with read_transaction(engine, 2) as connection:
        found = connection.execute(unfinished_groups(fathom, fathom.phases[0])).all()
    assert {row.status for row in found} == {"failed"}
    assert len(found) == 2000


def test_a_task_at_work_counts_before_a_later_one(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        job = add_job(connection, "job-1")
        add_task(connection, job, "a", "processing", created="2 hours")
        add_task(connection, job, "a", "failed", created="1 hour")
        add_task(connection, job, "b", "failed", created="2 hours")
        add_task(connection, job, "b", "quarantined", created="1 hour")
        add_task(connection, job, "c", "completed", created="2 hours")
        add_task(connection, job, "c", "failed", created="1 hour")
    with read_transaction(tables, 10) as connection:
        found = connection.execute(unfinished_groups(fathom, fathom.phases[0])).all()
    assert sorted((row.grp, row.status) for row in found) == [("a", "processing"), ("c", "failed")]


def test_files_of_a_group_at_work_are_not_failed(tables: Engine, fathom: Pipeline) -> None:
    with tables.begin() as connection:
        add_files(connection, 8, metadata=RWA, group="g1")
        job = add_job(connection, "job-1")
        add_task(connection, job, "g1", "processing", created="2 hours")
        add_task(connection, job, "g1", "failed", created="1 hour")
    install(tables, load_registry(), lambda _: None)
    first = row(phases(read_now(tables, fathom)), 0)
    assert (first["processing"], first["failed"]) == (8, 0)
