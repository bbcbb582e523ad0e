"""The record of who changed what."""

from __future__ import annotations

from alembic import op

from database.rollups.sql import run

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates it. result: null while the change is under way, or if its end is not known."""
    bind = op.get_bind()
    run(bind, CREATE)
    run(bind, "CREATE INDEX audit_job_idx ON monitor.audit (job_id)")


def downgrade() -> None:
    """Drops it."""
    run(op.get_bind(), "DROP TABLE monitor.audit")


CREATE = """
CREATE TABLE monitor.audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor text NOT NULL,
    address text NOT NULL,
    action text NOT NULL,
    job_id text,
    details jsonb NOT NULL,
    result text
)
"""
