"""A pipeline's kept cube, held by this process, of which each read fetches what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from database.kept.definition import kept_parts
from database.kept.origin import RESTORED
from database.kept.sql import run
from database.kept.state import read_definition
from database.kept.triggers import EVENTS
from pipelines.models import Pipeline
from queries.cube import label_of_missing
from queries.kept.cells import Bins, Cells, Values
from queries.kept.durations import Durations
from queries.kept.frames import FrameMaker
from queries.kept.open_groups import OpenGroups
from queries.kept.statements import since, statements

HOUR, MINUTE = 3600, 60
TRIGGERS = 2 * len(EVENTS)
Rows = Sequence[Any]


class NotKept(Exception):
    """The counts are not kept, or can't be believed now; the message says why."""


@dataclass
class _Held:
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
class KeptFrames:
    """The frames of a snapshot (queries/snapshot.py) as they are kept, at one moment."""

    as_of: datetime
    files: pd.DataFrame
    work: pd.DataFrame
    missing: dict[str, str]


class KeptCube:
    """Reads a pipeline's kept cube; one reader at a time."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._statements = statements(pipeline)
        self._matching: dict[str, bool] = {}
        self._held: _Held | None = None

    def read(self, connection: Connection) -> KeptFrames:
        """The frames at the moment of the connection's transaction. Raises NotKept."""
        state = self._state(connection)
        held, self._held = self._known(state), None
        self._fetch(connection, held)
        self._forget_touched(connection, held, state.touched_from)
        frames = self._frames(connection, held, state.as_of)
        # A standby's snapshots leave out who is under way: it can't say what changed since.
        held.snapshot = None if state.standby else state.snapshot
        self._held = held
        return frames

    def _state(self, connection: Connection) -> Any:
        state = run(connection, self._statements.state).one_or_none()
        if state is None or not state.counted:
            raise NotKept("its counts are not kept yet")
        if not self._is_mine(connection, state.digest):
            raise NotKept("the kept counts are of another version of its entry")
        if state.distrusted:
            raise NotKept(state.distrusted)
        if state.restored:
            raise NotKept(f"{RESTORED}: it is counted anew")
        if state.triggers < TRIGGERS:
            raise NotKept("triggers that keep its counts are missing or were disabled")
        return state

    def _is_mine(self, connection: Connection, digest: str) -> bool:
        if digest not in self._matching:
            query = self._statements.definition
            definition = read_definition(run(connection, query).scalar_one())
            kept = Pipeline.model_validate(definition["pipeline"])
            self._matching[digest] = kept_parts(kept) == kept_parts(self._pipeline)
        return self._matching[digest]

    def _known(self, state: Any) -> _Held:
        generation = (state.generation, state.task_generation)
        held = self._held
        if held is not None and held.generation == generation and held.follows:
            return held
        width, phases = len(self._pipeline.groupings), len(self._pipeline.phases)
        return _Held(
            generation,
            Cells(width, 3 + 4 * phases),
            Bins(1),
            Durations(phases),
            OpenGroups(self._pipeline),
        )

    def _fetch(self, connection: Connection, held: _Held) -> None:
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

    def _position(self, held: _Held, values: list[str | None] | None) -> int:
        none: Values = (None,) * len(self._pipeline.groupings)
        return held.cells.position(none if values is None else tuple(values))

    def _frames(self, connection: Connection, held: _Held, as_of: datetime) -> KeptFrames:
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
        return KeptFrames(as_of, files, frames.work(durations, at_work), missing)

    def _forget_touched(self, connection: Connection, held: _Held, touched_from: Decimal) -> None:
        if held.snapshot is None or int(held.snapshot.split(":")[0]) < touched_from:
            held.open_groups.forget(None)
        else:
            touched = run(connection, since(self._statements.touched, held.snapshot)).all()
            held.open_groups.forget((phase, name) for phase, name in touched)

    def _at_work(self, connection: Connection, held: _Held) -> list[tuple[int, int, int, int]]:
        newest = run(connection, self._statements.open_groups).all()
        return held.open_groups.files(connection, newest, lambda cell: self._position(held, cell))

    def _missing(self, held: _Held) -> dict[str, str]:
        return {
            name: label_of_missing(held.cells.values(place))
            for place, name in enumerate(self._pipeline.dimensions)
        }
