"""What a role may do with `monitor.audit`, the record of who changed what."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, text


def may_use_audit(connection: Connection, privilege: Literal["SELECT", "INSERT"]) -> bool:
    """Whether the table is there, and this role has a privilege on it."""
    return bool(connection.execute(ALLOWED, {"privilege": privilege}).scalar_one())


ALLOWED = text(
    """
    SELECT CASE WHEN to_regclass('monitor.audit') IS NULL THEN false
           ELSE has_table_privilege('monitor.audit', :privilege) END
    """
)
