"""The state of the rollups in a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from database.rollups.definition import MissingColumn, define
from database.rollups.file_templates import names
from database.rollups.shape import INSTALL, drift, unseen
from database.rollups.sql import Statements, run
from database.rollups.state import TASKS, Rollup, has_schema, reasons, rollups_of
from database.rollups.triggers import are_whole
from pipelines.registry import Registry


@dataclass(frozen=True)
class Standing:
    """The state of a subject's rollups; pending_changes: changes that are not compacted yet."""

    subject: str
    state: str
    built_at: datetime | None
    pending_changes: int | None


def status(engine: Engine, registry: Registry) -> list[Standing]:
    """One standing per registered pipeline, per other rollup, and for the tasks."""
    with engine.connect() as connection:
        if not has_schema(connection):
            return []
        subjects = rollups_of(connection)
        missing = [name for name in registry if name not in subjects]
        return [
            *(Standing(name, "not installed", None, None) for name in missing),
            *(_standing(connection, registry, rollup) for rollup in subjects.values()),
        ]


def _standing(connection: Connection, registry: Registry, rollup: Rollup) -> Standing:
    changes = (
        "monitor.task_changes" if rollup.subject == TASKS else names(rollup.subject)["changes"]
    )
    count = Statements("SELECT count(*) FROM @changes").substitute(changes=changes)
    pending_changes = int(run(connection, count).scalar_one())
    state = _state(connection, registry, rollup)
    return Standing(rollup.subject, state, rollup.built_at, pending_changes)


def _state(connection: Connection, registry: Registry, rollup: Rollup) -> str:
    message = reasons(connection, rollup.subject)
    if changed := drift(connection, rollup.table, rollup.columns):
        return changed
    if missed := unseen(connection, rollup.table):
        return f"app.{rollup.table} {missed}: pages count from the tables"
    if rollup.built_at is None:
        return f"not counted yet: {INSTALL}"
    if message:
        return f"to be recounted: {'; '.join(message)}"
    if not are_whole(connection, rollup.table):
        return f"triggers are missing, or were disabled for a while: {INSTALL}"
    return "installed" if rollup.subject == TASKS else _entry(connection, registry, rollup)


def _entry(connection: Connection, registry: Registry, rollup: Rollup) -> str:
    pipeline = registry.get(rollup.subject)
    if pipeline is None:
        return "installed, but no registered pipeline"
    try:
        changed = define(connection, pipeline).digest != rollup.digest
    except MissingColumn as error:
        return str(error)
    if changed:
        return f"the pipeline's entry, or an index, has changed: {INSTALL}"
    slow = [
        phase.group_key
        for phase, indexed in zip(pipeline.phases, rollup.of_pipeline().indexed, strict=True)
        if phase.has_tasks and not indexed
    ]
    return (
        f"installed, but {slow[0]} has no index: no filtered average time" if slow else "installed"
    )
