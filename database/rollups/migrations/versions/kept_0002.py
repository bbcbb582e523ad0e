"""One function for the files of all pipelines, where each pipeline had triggers of its own."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from database.rollups.sql import run

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drops the former triggers; the installation goes on to make the new one, and counts."""
    run(op.get_bind(), Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drops the triggers; the former program's installation makes its own, and counts."""
    run(op.get_bind(), "DROP FUNCTION IF EXISTS monitor.files_changed() CASCADE")
