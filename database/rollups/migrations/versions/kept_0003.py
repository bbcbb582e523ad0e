"""An index of groups that takes names of any length."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from database.rollups.sql import run

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replaces the old index."""
    run(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Restores the old index."""
    bind = op.get_bind()
    run(bind, "DROP INDEX monitor.phase_tasks_pipeline_phase_hashtextextended_idx")
    run(bind, "CREATE INDEX ON monitor.phase_tasks (pipeline, phase, grp)")
