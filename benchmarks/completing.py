"""Completes groups of files as a worker does, and takes it back."""

from __future__ import annotations

from itertools import islice
from typing import Any

from sqlalchemy import Engine, text


class Completing:
    """Completes pending groups of phase 1, one at a time; what it did can be undone."""

    def __init__(self, engine: Engine, most: int) -> None:
        """Finds `most` groups that nobody works on, if there are as many.

        What a run that was killed has left is taken back first.
        """
        self._engine = engine
        with engine.connect() as connection:
            self.groups = list(connection.execute(LEFT).scalars())
        self.undo()
        with engine.connect() as connection:
            groups = connection.execute(PENDING, {"most": most * 8}).scalars()
            self.groups = list(islice(dict.fromkeys(groups), most))
        self._left = iter(self.groups)
        with engine.begin() as connection:
            connection.execute(DEQUEUE, {"groups": self.groups})

    def complete_next(self) -> None:
        """Ends the next group's task and completes its files, in one transaction."""
        values = {"group": next(self._left)}
        with self._engine.begin() as connection:
            connection.execute(COMPLETE_FILES, values)
            connection.execute(COMPLETE_TASK, values)

    def undo(self) -> None:
        """Makes the groups pending again, and removes their tasks."""
        if not self.groups:
            return
        values: dict[str, Any] = {"groups": self.groups}
        with self._engine.begin() as connection:
            connection.execute(REOPEN_FILES, values)
            connection.execute(REMOVE_TASKS, values)


LEFT = text(
    """
    SELECT parameters #>> '{tile_group,output_name}' FROM app.tasks
    WHERE parent_job_id IN (SELECT job_id FROM app.jobs WHERE status = 'processing')
      AND task_id LIKE 'bench-%'
    """
)
# From the end: the first ones have tasks.
PENDING = text(
    """
    SELECT phase1_group_key FROM app.etl_source_files
    WHERE etl_type = 'fathom' AND phase1_completed_at IS NULL ORDER BY id DESC LIMIT :most
    """
)
DEQUEUE = text(
    """
    INSERT INTO app.tasks (task_id, parent_job_id, job_type, task_type, stage, parameters, status,
                           execution_started_at)
    SELECT 'bench-' || name, job_id, job_type, 'fathom_band_stack', 2,
           jsonb_build_object('tile_group', jsonb_build_object('output_name', name)), 'processing',
           now()
    FROM unnest(CAST(:groups AS text[])) AS name
    CROSS JOIN (SELECT job_id, job_type FROM app.jobs
                WHERE status = 'processing' AND job_type = 'process_fathom_stack' LIMIT 1) AS active
    """
)
COMPLETE_FILES = text(
    """
    UPDATE app.etl_source_files
    SET phase1_completed_at = now(), phase1_output_blob = 'fathom-stacked/' || :group,
        phase1_job_id = 'bench', updated_at = now()
    WHERE etl_type = 'fathom' AND phase1_group_key = :group
    """
)
COMPLETE_TASK = text(
    """
    UPDATE app.tasks SET status = 'completed', updated_at = now(), heartbeat = now()
    WHERE task_id = 'bench-' || :group
    """
)
REOPEN_FILES = text(
    """
    UPDATE app.etl_source_files
    SET phase1_completed_at = NULL, phase1_output_blob = NULL, phase1_job_id = NULL
    WHERE etl_type = 'fathom' AND phase1_group_key = ANY (:groups) AND phase1_job_id = 'bench'
    """
)
REMOVE_TASKS = text(
    "DELETE FROM app.tasks WHERE task_id = ANY (SELECT 'bench-' || unnest(:groups))"
)
