"""Adds the changes to what is kept."""

from __future__ import annotations

from sqlalchemy import Engine

from database.kept.file_parts import names
from database.kept.sql import run
from database.kept.state import TASKS


def fold(engine: Engine, subject: str) -> int | None:
    """Folds a subject's changes: how many there were, none when somebody else is folding."""
    function = "monitor.fold_tasks" if subject == TASKS else names(subject)["fold"]
    with engine.begin() as connection:
        folded: int | None = run(connection, f"SELECT {function}()").scalar_one()
    return folded
