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
    """The frames of a snapshot (queries/snapshot.py) as they are kept, at one moment."""

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
        self._held: _State | None = None

    def read(self, connection: Connection) -> RollupFrames:
        """The frames at the moment of the connection's transaction. Raises NoRollups."""
        state = self._state(connection)
        held, self._held = self._known(state), None
        self._fetch(connection, held)
        self._forget_dirty_groups(connection, held, state.dirty_from)
        frames = self._frames(connection, held, state.as_of)
        # A standby's snapshots leave out who is under way: it can't say what changed since.
        held.snapshot = None if state.standby else state.snapshot
        self._held = held
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
        held = self._held
        if held is not None and held.generation == generation and held.follows:
            return held
        width, phases = len(self._pipeline.groupings), len(self._pipeline.phases)
        return _State(
            generation,
            Cells(width, 3 + 4 * phases),
            Bins(1),
            Durations(phases),
            OpenGroups(self._pipeline),
        )

    def _fetch(self, connection: Connection, held: _State) -> None:
        """Brings what is held up to the connection's moment."""
        known = self._statements
        if held.snapshot is None:
            wanted = [known.cells, known.minutes, known.all_durations]
        else:
            changing = (known.cells, known.minutes, known.durations)
            wanted = [since(statement, held.snapshot) for statement in changing]
        cells, minutes, durations = (run(connection, statement).all() for statement in wanted)
        for values, cell_id, *measures in cells:
            held.positions[cell_id] = held.cells.put(tuple(values), measures)
        for cell_id, phase, at, files in minutes:
            held.minutes.put((phase, held.positions[cell_id], at), (files,))
        for values, phase, hour, tasks, micros in durations:
            held.durations.put((phase, self._position(held, values), hour), (tasks, micros))

    def _position(self, held: _State, values: list[str | None] | None) -> int:
        none: Values = (None,) * len(self._pipeline.groupings)
        return held.cells.position(none if values is None else tuple(values))

    def _frames(self, connection: Connection, held: _State, as_of: datetime) -> RollupFrames:
        changes = run(connection, self._statements.changes).all()
        placed = [(held.cells.position(tuple(row[0])), row[1:]) for row in changes]
        times = run(connection, self._statements.duration_changes).all()
        at_work = self._at_work(connection, held)
        missing = self._missing(held)
        start = int((as_of.timestamp() - HOUR) // MINUTE * MINUTE)
        held.minutes.forget(start)
        durations = held.durations.sums(
            ((phase, self._position(held, cell), hour), (tasks, micros))
            for cell, phase, hour, tasks, micros in times
        )
        frames = FrameMaker(self._pipeline, held.cells, missing)
        files = frames.files(held.minutes, placed, (start, int(as_of.timestamp())))
        return RollupFrames(as_of, files, frames.work(durations, at_work), missing)

    def _forget_dirty_groups(
        self, connection: Connection, held: _State, dirty_from: Decimal
    ) -> None:
        if held.snapshot is None or int(held.snapshot.split(":")[0]) < dirty_from:
            held.open_groups.forget(None)
        else:
            dirty_groups = run(
                connection, since(self._statements.dirty_groups, held.snapshot)
            ).all()
            held.open_groups.forget((phase, name) for phase, name in dirty_groups)

    def _at_work(self, connection: Connection, held: _State) -> list[tuple[int, int, int, int]]:
        newest = run(connection, self._statements.open_groups).all()
        return held.open_groups.files(connection, newest, lambda cell: self._position(held, cell))

    def _missing(self, held: _State) -> dict[str, str]:
        return {
            name: label_of_missing(held.cells.values(place))
            for place, name in enumerate(self._pipeline.dimensions)
        }
