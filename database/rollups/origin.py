"""Which triggers a table has, of all that ever were anywhere."""

from __future__ import annotations

from database.rollups.sql import filled

# What the names of a table's triggers begin with.
NAMED = {"etl_source_files": "monitor_files_", "tasks": "monitor_tasks_"}
RESTORED = "the database was restored, or its triggers were recreated"


def origin(table: str) -> str:
    """Names the triggers of a table of schema `app`, as SQL.

    Where a database is restored its tables are filled before their triggers are made, and others
    may write them in between: what was counted with other triggers is not believed.
    """
    return filled("origin", {"table": f"'app.{table}'", "named": f"'{NAMED[table]}'"})


def of_others(rollup: str, table: str) -> str:
    """The condition, as SQL, that a row of monitor.rollups was counted with other triggers."""
    # A schema of an earlier version has no such column.
    return f"to_jsonb({rollup}) ->> 'origin' IS DISTINCT FROM {origin(table)}"
