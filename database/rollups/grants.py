"""Lets roles that may read the files also read the rollups."""

from __future__ import annotations

from sqlalchemy import Connection, text

from database.rollups.sql import identifier, run


def grant_readers(connection: Connection) -> None:
    """Lets the roles that may read `app.etl_source_files` read schema `monitor` and compact."""
    run(connection, "REVOKE EXECUTE ON FUNCTION monitor.refresh_phase_tasks(text[]) FROM PUBLIC")
    for role in connection.execute(READERS).scalars():
        name = "PUBLIC" if role is None else identifier(role)
        run(connection, f"GRANT USAGE ON SCHEMA monitor TO {name}")
        run(connection, f"GRANT SELECT ON ALL TABLES IN SCHEMA monitor TO {name}")


# Role 0 is PUBLIC.
READERS = text(
    """
    SELECT DISTINCT role.rolname::text
    FROM pg_class CROSS JOIN LATERAL aclexplode(relacl) AS granted
    LEFT JOIN pg_roles AS role ON role.oid = granted.grantee
    WHERE pg_class.oid = 'app.etl_source_files'::regclass AND privilege_type = 'SELECT'
    """
)
