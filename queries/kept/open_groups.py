"""Groups that are being worked on, or whose latest task failed, and what is left of their files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import Connection

from database.kept.sql import run
from pipelines.models import Pipeline
from queries.kept.statements import files_of_groups

Group = tuple[int, str]
Cell = list[str | None]


class OpenGroups:
    """The files not completed of each open group, by cell; held until the group is touched."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._left: dict[Group, list[tuple[int, int]]] = {}

    def forget(self, groups: Iterable[Group] | None) -> None:
        """Looks again at these groups, or at all, when they are asked for."""
        if groups is None:
            self._left.clear()
        else:
            for group in groups:
                self._left.pop(group, None)

    def files(
        self,
        connection: Connection,
        statuses: Mapping[Group, str],
        position: Callable[[Cell], int],
    ) -> list[tuple[int, int, int, int]]:
        """One entry a phase (from 1) and cell's position: processing, failed (files)."""
        self._left = {group: left for group, left in self._left.items() if group in statuses}
        self._fetch(connection, statuses.keys() - self._left.keys(), position)
        sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        for group, status in statuses.items():
            for place, files in self._left[group]:
                sums[group[0], place][status == "failed"] += files
        return [(*where, processing, failed) for where, (processing, failed) in sums.items()]

    def _fetch(
        self, connection: Connection, groups: Iterable[Group], position: Callable[[Cell], int]
    ) -> None:
        by_phase: dict[int, list[str]] = defaultdict(list)
        for phase, name in groups:
            by_phase[phase].append(name)
            self._left[phase, name] = []
        asked = (files_of_groups(self._pipeline, *phase) for phase in by_phase.items())
        if statement := " UNION ALL ".join(asked):
            for phase, name, cell, files in run(connection, statement):
                self._left[phase, name].append((position(cell), files))
