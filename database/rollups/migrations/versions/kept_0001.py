"""The tables that all pipelines share. Each pipeline's own are created from its registry entry."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from database.rollups.definition import column_types
from database.rollups.sql import Statements, run

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates them, with the column types of the times in `app.tasks`."""
    connection = op.get_bind()
    moment = column_types(connection, "tasks")["execution_started_at"]
    script = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    run(connection, Statements(script).substitute(moment=moment))


def downgrade() -> None:
    """Drops the schema; its functions take the triggers with them."""
    run(op.get_bind(), "DROP SCHEMA monitor CASCADE")
