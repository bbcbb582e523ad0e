"""The triggers at the time of the count, and the group and times of each task."""

from __future__ import annotations

from alembic import op

from database.rollups.sql import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns; earlier counts are recounted."""
    bind = op.get_bind()
    run(bind, "ALTER TABLE monitor.kept ADD COLUMN IF NOT EXISTS origin text")
    run(bind, "ALTER TABLE monitor.phase_tasks ADD COLUMN IF NOT EXISTS within text")
    run(bind, "ALTER TABLE monitor.phase_tasks ADD COLUMN IF NOT EXISTS untimed boolean")
    run(
        bind,
        "CREATE INDEX IF NOT EXISTS untimed_idx ON monitor.phase_tasks (pipeline) WHERE untimed",
    )


def downgrade() -> None:
    """Drops the columns."""
    bind = op.get_bind()
    run(bind, "ALTER TABLE monitor.phase_tasks DROP COLUMN untimed")
    run(bind, "ALTER TABLE monitor.phase_tasks DROP COLUMN within")
    run(bind, "ALTER TABLE monitor.kept DROP COLUMN origin")
