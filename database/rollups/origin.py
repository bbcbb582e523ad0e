"""Identifies the triggers of a table, so that copies of a database are noticed."""

from __future__ import annotations

from database.rollups.sql import filled

# The prefix of the names of a table's triggers.
NAMED = {"etl_source_files": "monitor_files_", "tasks": "monitor_tasks_"}
RESTORED = "the database was restored, or its triggers were recreated"


def origin(table: str) -> str:
    """SQL that identifies the triggers of a table of schema `app`.

    A restore fills tables before it creates their triggers, and others may write in between. So
    counts that were made with other triggers are invalid.
    """
    return filled("origin", {"table": f"'app.{table}'", "named": f"'{NAMED[table]}'"})


def of_others(rollup: str, table: str) -> str:
    """The SQL condition that a row of monitor.rollups was counted with other triggers."""
    # Schemas of earlier versions lack this column.
    return f"to_jsonb({rollup}) ->> 'origin' IS DISTINCT FROM {origin(table)}"
