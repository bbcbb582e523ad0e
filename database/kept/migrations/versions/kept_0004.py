"""Which triggers were there when it was counted, and within what a task's group is meant."""

from __future__ import annotations

from alembic import op

from database.kept.sql import run

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds both; what was counted before is counted anew."""
    bind = op.get_bind()
    run(bind, "ALTER TABLE monitor.kept ADD COLUMN IF NOT EXISTS origin text")
    run(bind, "ALTER TABLE monitor.phase_tasks ADD COLUMN IF NOT EXISTS within text")


def downgrade() -> None:
    """Drops both."""
    bind = op.get_bind()
    run(bind, "ALTER TABLE monitor.phase_tasks DROP COLUMN within")
    run(bind, "ALTER TABLE monitor.kept DROP COLUMN origin")
