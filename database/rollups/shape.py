"""What triggers require of a table: columns of certain types, and a kind whose changes they see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, text

from database.rollups.sql import filled, literal_text

# A column's name and type OID; 0 for a type that is not built in.
Column = tuple[str, int]

# How many of a transaction's statements catch errors: PostgreSQL tracks 64 subtransactions cheaply.
LAST_CAUGHT = 50
INSTALL = "run `python app.py database install`"
TASK_COLUMNS = (
    "task_id",
    "parent_job_id",
    "task_type",
    "stage",
    "status",
    "parameters",
    "created_at",
    "updated_at",
    "execution_started_at",
)
JOB_COLUMNS = ("job_id", "parameters")


def columns_as_they_are(
    connection: Connection, table: str, names: Collection[str]
) -> tuple[Column, ...]:
    """Those of the named columns that a table of schema `app` has, by name."""
    rows = connection.execute(COLUMNS, {"table": f"app.{table}", "names": list(names)})
    return tuple((name, int(kind)) for name, kind in rows)


COLUMNS = text(
    """
    SELECT attname::text, CASE WHEN atttypid < 16384 THEN atttypid ELSE 0 END
    FROM pg_attribute
    WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped
      AND attname = ANY (:names)
    ORDER BY 1
    """
)


def drift(connection: Connection, table: str, columns: Iterable[Column]) -> str | None:
    """What has changed in the columns since the installation, and what to do; None if nothing."""
    installed = dict(columns)
    now = dict(columns_as_they_are(connection, table, installed))
    changed = sorted(name for name, kind in installed.items() if now.get(name) != kind)
    if not changed:
        return None
    what = "has another type" if changed[0] in now else "is gone"
    return f"column {changed[0]} of app.{table} {what}: {INSTALL}"


def unseen(connection: Connection, table: str) -> str | None:
    """Why triggers would miss changes of a table of schema `app`; None if they see all."""
    return connection.execute(UNSEEN, {"table": f"app.{table}"}).scalar_one_or_none()


UNSEEN = text(
    """
    SELECT CASE
        WHEN relkind = 'p' THEN 'is partitioned: its partitions can be written directly'
        WHEN relkind = 'f' THEN 'is a foreign table: others write it elsewhere'
        WHEN relkind <> 'r' THEN 'is no table'
        WHEN relispartition THEN 'is a partition: it can be attached and detached'
        WHEN EXISTS (SELECT FROM pg_inherits WHERE inhparent = pg_class.oid)
            THEN 'has tables that inherit from it and can be written directly'
        WHEN EXISTS (SELECT FROM pg_inherits WHERE inhrelid = pg_class.oid)
            THEN 'inherits from a table'
        WHEN EXISTS (SELECT FROM pg_subscription_rel WHERE srrelid = pg_class.oid)
            THEN 'is filled by logical replication, which fires no triggers of statements'
        WHEN row_security_active(pg_class.oid)
            THEN 'has row-level security that hides rows from this role' END
    FROM pg_class WHERE oid = to_regclass(:table)
    """
)


def as_installed(table: str, columns: Sequence[Column]) -> str:
    """The SQL condition that a table of schema `app` still has these columns."""
    rows = ", ".join(f"({literal_text(name)}::name, {kind}::oid)" for name, kind in columns)
    given = {"table": f"'app.{table}'", "columns": rows, "column_count": str(len(columns))}
    return filled("as_installed", given)


def trigger(
    table: str,
    work: str,
    declared: str,
    conditions: Iterable[str],
    needed: Iterable[str],
    subjects: str,
) -> str:
    """The body of a trigger function that never makes a write to a table of schema `app` fail.

    work: the SQL that records changes; declared: its variable; conditions: from `as_installed`;
    needed: relations of schema `monitor`; subjects: an SQL condition on monitor.rollups for the
    subjects that a failure makes invalid.
    """
    uncounted = literal_text(f"a change of app.{table} could not be counted: ")
    causes = {
        "renamed": literal_text(f"a former app.{table} is written: {INSTALL}"),
        "failed": f"left({uncounted} || SQLERRM, 500)",
        "drifted": literal_text(f"app.{table} or schema monitor has changed: {INSTALL}"),
    }
    given = {
        "table": literal_text(f"app.{table}"),
        "work": work,
        "declared": declared,
        "last": str(LAST_CAUGHT),
        "as_installed": " AND ".join(conditions),
        "needed": ", ".join(f"to_regclass({literal_text(name)})" for name in needed),
    }
    invalidations = {
        name: filled("invalidate", {"reason": reason, "subjects": subjects})
        for name, reason in causes.items()
    }
    return filled("trigger", given | invalidations)
