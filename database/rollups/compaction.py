"""Compacts rollups: adds pending changes to the counts."""

from __future__ import annotations

from sqlalchemy import Engine

from database.rollups.file_templates import names
from database.rollups.sql import run
from database.rollups.state import TASKS


def compact(engine: Engine, subject: str) -> int | None:
    """Compacts a subject's changes. Returns their number; None if another process is doing it."""
    function = "monitor.compact_tasks" if subject == TASKS else names(subject)["compact"]
    with engine.begin() as connection:
        compacted: int | None = run(connection, f"SELECT {function}()").scalar_one()
    return compacted
