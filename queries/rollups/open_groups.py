"""Groups that are being worked on, or whose latest task failed, and what is left of their files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

from sqlalchemy import Connection

from database.rollups.sql import run
from pipelines.models import Pipeline
from queries.rollups.statements import files_of_groups

Group = tuple[int, str]
Cell = list[str | None]
# Within what the group's tasks are meant, and the status of the latest of them.
Statuses = dict[str | None, str]

UNFINISHED = ("failed", "processing")


class OpenGroups:
    """The files not completed of each open group, by cell; cached until the group is dirty."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._left: dict[Group, list[tuple[str | None, int, int]]] = {}

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
        newest: Iterable[tuple[int, str, str | None, str]],
        position: Callable[[Cell], int],
    ) -> list[tuple[int, int, int, int]]:
        """One entry per phase (from 1) and cell's position: processing, failed (files).

        newest: of the latest tasks phase, group, within (queries/within.py) and status.
        """
        statuses: dict[Group, Statuses] = defaultdict(dict)
        for phase, name, named, newest_status in newest:
            statuses[phase, name][named] = newest_status
        self._left = {group: left for group, left in self._left.items() if group in statuses}
        self._fetch(connection, statuses.keys() - self._left.keys(), position)
        sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        for group, of_group in statuses.items():
            for within, place, files in self._left[group]:
                # A task that names nothing speaks for what no other names.
                speaker = within if within in of_group else None
                status = of_group.get(speaker)
                if status in UNFINISHED:
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
            for phase, name, within, cell, files in run(connection, statement):
                self._left[phase, name].append((within, position(cell), files))
