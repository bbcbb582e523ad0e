"""New names: `kept`, `distrust`, folds and touched groups are renamed."""

from __future__ import annotations

from alembic import op

from database.rollups.sql import run

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Renames what stays, and drops what the installation recreates under its new name.

    The triggers go first, because they use the old names. Until the installation has created new
    ones, pages count the tables.
    """
    bind = op.get_bind()
    run(bind, "DROP FUNCTION IF EXISTS monitor.files_changed() CASCADE")
    run(bind, "DROP FUNCTION IF EXISTS monitor.tasks_changed() CASCADE")
    run(bind, DROP_RENAMED)
    run(bind, "ALTER TABLE monitor.kept RENAME TO rollups")
    run(bind, "ALTER INDEX monitor.kept_pkey RENAME TO rollups_pkey")
    run(bind, "ALTER TABLE monitor.distrust RENAME TO invalid")
    for old, new in COLUMNS.items():
        run(bind, f"ALTER TABLE monitor.rollups RENAME COLUMN {old} TO {new}")


def downgrade() -> None:
    """Renames back; the installation of the earlier version creates the rest."""
    bind = op.get_bind()
    run(bind, "DROP FUNCTION IF EXISTS monitor.files_changed() CASCADE")
    run(bind, "DROP FUNCTION IF EXISTS monitor.tasks_changed() CASCADE")
    for old, new in COLUMNS.items():
        run(bind, f"ALTER TABLE monitor.rollups RENAME COLUMN {new} TO {old}")
    run(bind, "ALTER TABLE monitor.invalid RENAME TO distrust")
    run(bind, "ALTER INDEX monitor.rollups_pkey RENAME TO kept_pkey")
    run(bind, "ALTER TABLE monitor.rollups RENAME TO kept")


COLUMNS = {
    "folded_at": "compacted_at",
    "touched_from": "dirty_from",
    "touched_to": "dirty_to",
    "touched_at": "dirty_at",
}
DROP_RENAMED = """
DO $$
DECLARE
    one text;
BEGIN
    FOR one IN
        SELECT oid::regprocedure::text FROM pg_proc
        WHERE pronamespace = 'monitor'::regnamespace
          AND (proname ~ '_fold$' OR proname IN ('fold_tasks', 'keep_phase_tasks'))
    LOOP
        EXECUTE 'DROP FUNCTION ' || one;
    END LOOP;
    FOR one IN
        SELECT oid::regclass::text FROM pg_class
        WHERE relnamespace = 'monitor'::regnamespace AND relkind = 'r' AND relname ~ '_touched$'
    LOOP
        EXECUTE 'DROP TABLE ' || one;
    END LOOP;
END
$$
"""
