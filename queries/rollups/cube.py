"""A pipeline's rollup cube, held by this process, of which each read fetches what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from database.rollups.definition import counted_fields
from database.rollups.origin import RESTORED
from database.rollups.sql import run
from database.rollups.state import read_definition
from database.rollups.triggers import EVENTS
from pipelines.models import Pipeline
from queries.cube import label_of_missing
from queries.rollups.cells import Bins, Cells, Values
from queries.rollups.durations import Durations
from queries.rollups.frames import FrameMaker
from queries.rollups.open_groups import OpenGroups
from queries.rollups.statements import since, statements

HOUR, MINUTE = 3600, 60
TRIGGERS = 2 * len(EVENTS)
Rows = Sequence[Any]


class NoRollups(Exception):
    """There are no rollups, or they are invalid now; the message says why."""


@dataclass
class _State:
    """What was read so far: of which generations, up to which transactions."""

    generation: tuple[int, int]
    cells: Cells
    minutes: Bins
    durations: Durations
    open_groups: OpenGroups
    snapshot: str | None = None
    positions: dict[int, int] = field(default_factory=dict)

    @property
    def follows(self) -> bool:
        """Whether changes since are enough to know the present."""
        return self.snapshot is not None and not self.durations.outrun


@dataclass(frozen=True)
class RollupFrames:
    """The frames of a snapshot (queries/snapshot.py), from rollups."""

    as_of: datetime
    files: pd.DataFrame
    work: pd.DataFrame
    missing: dict[str, str]


class RollupCube:
    """Reads a pipeline's rollup cube; one reader at a time."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._statements = statements(pipeline)
        self._matching: dict[str, bool] = {}
        self._cached: _State | None = None

    def read(self, connection: Connection) -> RollupFrames:
        """The frames as of the connection's transaction. Raises NoRollups."""
        state = self._state(connection)
        cached, self._cached = self._known(state), None
        self._fetch(connection, cached)
        self._forget_dirty_groups(connection, cached, state.dirty_from)
        frames = self._frames(connection, cached, state.as_of)
        if cached.durations.outrun:
            cached = self._empty(state)
            self._fetch(connection, cached, every_hour=True)
            frames = self._frames(connection, cached, state.as_of)
        # A standby's snapshots leave out who is under way: it can't say what changed since.
        cached.snapshot = None if state.standby else state.snapshot
        self._cached = cached
        return frames

    def _state(self, connection: Connection) -> Any:
        state = run(connection, self._statements.state).one_or_none()
        if state is None or not state.counted:
            raise NoRollups("its rollups are not counted yet")
        if not self._is_mine(connection, state.digest):
            raise NoRollups("its rollups are of another version of its registry entry")
        if state.invalid_subjects:
            raise NoRollups(state.invalid_subjects)
        if state.restored:
            raise NoRollups(f"{RESTORED}: it is recounted")
        if state.triggers < TRIGGERS:
            raise NoRollups("triggers that keep its counts are missing or were disabled")
        return state

    def _is_mine(self, connection: Connection, digest: str) -> bool:
        if digest not in self._matching:
            query = self._statements.definition
            definition = read_definition(run(connection, query).scalar_one())
            rollup = Pipeline.model_validate(definition["pipeline"])
            self._matching[digest] = counted_fields(rollup) == counted_fields(self._pipeline)
        return self._matching[digest]

    def _known(self, state: Any) -> _State:
        generation = (state.generation, state.task_generation)
        cached = self._cached
        if cached is not None and cached.generation == generation and cached.follows:
            return cached
        return self._empty(state)

    def _empty(self, state: Any) -> _State:
        width, phases = len(self._pipeline.groupings), len(self._pipeline.phases)
        return _State(
            (state.generation, state.task_generation),
            Cells(width, 3 + 4 * phases),
            Bins(1),
            Durations(phases),
            OpenGroups(self._pipeline),
        )

    def _fetch(self, connection: Connection, cached: _State, *, every_hour: bool = False) -> None:
        """Updates the cached state to the connection's transaction.

        every_hour: durations of all hours, not those of two days alone.
        """
        sql = self._statements
        if cached.snapshot is None:
            durations = sql.durations if every_hour else sql.latest_durations
            wanted = [sql.cells, sql.minutes, durations]
        else:
            changing = (sql.cells, sql.minutes, sql.durations)
            wanted = [since(statement, cached.snapshot) for statement in changing]
        cells, minutes, hours = (run(connection, statement).all() for statement in wanted)
        for values, cell_id, *measures in cells:
            cached.positions[cell_id] = cached.cells.put(tuple(values), measures)
        for cell_id, phase, at, files in minutes:
            cached.minutes.put((phase, cached.positions[cell_id], at), (files,))
        for values, phase, hour, tasks, micros in hours:
            cached.durations.put((phase, self._position(cached, values), hour), (tasks, micros))

    def _position(self, cached: _State, values: list[str | None] | None) -> int:
        none: Values = (None,) * len(self._pipeline.groupings)
        return cached.cells.position(none if values is None else tuple(values))

    def _frames(self, connection: Connection, cached: _State, as_of: datetime) -> RollupFrames:
        changes = run(connection, self._statements.changes).all()
        placed = [(cached.cells.position(tuple(row[0])), row[1:]) for row in changes]
        times = run(connection, self._statements.duration_changes).all()
        at_work = self._at_work(connection, cached)
        missing = self._missing(cached)
        start = int((as_of.timestamp() - HOUR) // MINUTE * MINUTE)
        cached.minutes.forget(start)
        durations = cached.durations.sums(
            ((phase, self._position(cached, cell), hour), (tasks, micros))
            for cell, phase, hour, tasks, micros in times
        )
        frames = FrameMaker(self._pipeline, cached.cells, missing)
        files = frames.files(cached.minutes, placed, (start, int(as_of.timestamp())))
        return RollupFrames(as_of, files, frames.work(durations, at_work), missing)

    def _forget_dirty_groups(
        self, connection: Connection, cached: _State, dirty_from: Decimal
    ) -> None:
        if cached.snapshot is None or int(cached.snapshot.split(":")[0]) < dirty_from:
            cached.open_groups.forget(None)
        else:
            dirty_groups = run(
                connection, since(self._statements.dirty_groups, cached.snapshot)
            ).all()
            cached.open_groups.forget((phase, name) for phase, name in dirty_groups)

    def _at_work(self, connection: Connection, cached: _State) -> list[tuple[int, int, int, int]]:
        newest = run(connection, self._statements.open_groups).all()
        return cached.open_groups.files(
            connection, newest, lambda cell: self._position(cached, cell)
        )

    def _missing(self, cached: _State) -> dict[str, str]:
        return {
            name: label_of_missing(cached.cells.values(place))
            for place, name in enumerate(self._pipeline.dimensions)
        }
