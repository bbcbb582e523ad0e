"""Tells what is kept in a database, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from database.kept.definition import MissingColumn, define
from database.kept.file_parts import names
from database.kept.shape import INSTALL, drift, unseen
from database.kept.sql import Statements, run
from database.kept.state import TASKS, Kept, has_schema, kept_subjects, reasons
from database.kept.triggers import are_whole
from pipelines.registry import Registry


@dataclass(frozen=True)
class Standing:
    """How what is kept of a subject stands; unfolded: changes that are to be folded yet."""

    subject: str
    state: str
    built_at: datetime | None
    unfolded: int | None


def status(engine: Engine, registry: Registry) -> list[Standing]:
    """The standing of each registered pipeline, of what else is kept, and of the tasks."""
    with engine.connect() as connection:
        if not has_schema(connection):
            return []
        subjects = kept_subjects(connection)
        missing = [name for name in registry if name not in subjects]
        return [
            *(Standing(name, "not installed", None, None) for name in missing),
            *(_standing(connection, registry, kept) for kept in subjects.values()),
        ]


def _standing(connection: Connection, registry: Registry, kept: Kept) -> Standing:
    changes = "monitor.task_changes" if kept.subject == TASKS else names(kept.subject)["changes"]
    count = Statements("SELECT count(*) FROM @changes").substitute(changes=changes)
    unfolded = int(run(connection, count).scalar_one())
    state = _state(connection, registry, kept)
    return Standing(kept.subject, state, kept.built_at, unfolded)


def _state(connection: Connection, registry: Registry, kept: Kept) -> str:
    message = reasons(connection, kept.subject)
    if changed := drift(connection, kept.table, kept.columns):
        return changed
    if missed := unseen(connection, kept.table):
        return f"app.{kept.table} {missed}: pages count from the tables"
    if kept.built_at is None:
        return f"not counted yet: {INSTALL}"
    if message:
        return f"to be counted anew: {'; '.join(message)}"
    if not are_whole(connection, kept.table):
        return f"triggers are missing, or were disabled for a while: {INSTALL}"
    return "kept" if kept.subject == TASKS else _entry(connection, registry, kept)


def _entry(connection: Connection, registry: Registry, kept: Kept) -> str:
    pipeline = registry.get(kept.subject)
    if pipeline is None:
        return "kept, but no registered pipeline"
    try:
        changed = define(connection, pipeline).digest != kept.digest
    except MissingColumn as error:
        return str(error)
    if changed:
        return f"the pipeline's entry, or an index, has changed: {INSTALL}"
    slow = [
        phase.group_key
        for phase, indexed in zip(pipeline.phases, kept.of_pipeline().indexed, strict=True)
        if phase.has_tasks and not indexed
    ]
    return f"kept, but {slow[0]} has no index: no narrowed average time" if slow else "kept"
