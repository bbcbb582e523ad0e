"""One function for the files of all pipelines, instead of triggers per pipeline."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from database.rollups.sql import run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drops the old triggers; the installation then creates the new one and counts."""
    run(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drops the triggers; the installation of the earlier version creates its own and counts."""
    run(op.get_bind(), "DROP FUNCTION IF EXISTS monitor.files_changed() CASCADE")
