"""Runs the migrations of schema `monitor` on the given connection."""

from __future__ import annotations

from alembic import context

from database.rollups.sql import run

connection = context.config.attributes["connection"]
run(connection, "CREATE SCHEMA IF NOT EXISTS monitor")
context.configure(connection=connection, version_table_schema="monitor")
with context.begin_transaction():
    context.run_migrations()
