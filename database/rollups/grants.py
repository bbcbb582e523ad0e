"""Lets roles that may read the files also read the rollups, and those that submit record it."""

from __future__ import annotations

from sqlalchemy import Connection, text

from database.rollups.sql import identifier, run


def grant_readers(connection: Connection) -> None:
    """Lets the roles that may read `app.etl_source_files` read schema `monitor` and compact.

    Those that may insert jobs may also add entries to the audit, and results to entries.
    """
    run(connection, "REVOKE EXECUTE ON FUNCTION monitor.refresh_phase_tasks(text[]) FROM PUBLIC")
    for name in _roles(connection, "app.etl_source_files", "SELECT"):
        run(connection, f"GRANT USAGE ON SCHEMA monitor TO {name}")
        run(connection, f"GRANT SELECT ON ALL TABLES IN SCHEMA monitor TO {name}")
    for name in _roles(connection, "app.jobs", "INSERT"):
        run(connection, f"GRANT USAGE ON SCHEMA monitor TO {name}")
        run(connection, f"GRANT SELECT, INSERT, UPDATE (job_id, result) ON monitor.audit TO {name}")


def _roles(connection: Connection, table: str, privilege: str) -> list[str]:
    """The roles that have a privilege on a table, as SQL writes them."""
    found = connection.execute(ROLES, {"table": table, "privilege": privilege}).scalars()
    return ["PUBLIC" if role is None else identifier(role) for role in found]


# Role 0 is PUBLIC.
ROLES = text(
    """
    SELECT DISTINCT role.rolname::text
    FROM pg_class CROSS JOIN LATERAL aclexplode(relacl) AS granted
    LEFT JOIN pg_roles AS role ON role.oid = granted.grantee
    WHERE pg_class.oid = CAST(:table AS regclass) AND privilege_type = :privilege
    """
)
