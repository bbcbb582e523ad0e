"""The page of one pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from dash.development.base_component import Component

from callbacks.addresses import Address
from callbacks.sights import Sight, gather
from callbacks.sources import Sources
from layouts.active_jobs import active_job_values
from layouts.banner import banner_values, way_values
from layouts.contradictions import contradiction_values
from layouts.filters import filter_values
from layouts.groupings import breakdown_values
from layouts.leaves import Leaves
from layouts.links import OPEN, TYPE, Filters
from layouts.phases import phase_values
from layouts.pipeline import closed_panels, pipeline_page
from pipelines.models import Grouping, Pipeline
from queries.groupings import breakdowns
from queries.phases import measured, phase_rows
from queries.snapshot import Snapshot
from queries.summary import summary

Panels = dict[str, Callable[[], Leaves]]
Breakdowns = Callable[[], Mapping[str, Mapping[str, Sequence[Any]]]]


def build(sources: Sources, address: Address) -> Component:
    """The skeleton from the registry entry."""
    pipeline = sources.registry[address.one(TYPE)]
    job_types = [action.job_type for action in pipeline.submit_actions]
    refusals = {job_type: sources.submitter.unavailable(job_type) for job_type in job_types}
    snapshot = sources.snapshots.latest(pipeline.id).snapshot
    found = breakdowns(snapshot, pipeline.dimensions) if snapshot else {}
    known = {field: columns["value"] for field, columns in found.items()}
    return pipeline_page(pipeline, refusals, known, address.filters(pipeline), opened(address))


def opened(address: Address) -> list[str] | None:
    """The panels that the address names as open, none when it does not say."""
    named = address.query.get(OPEN)
    return None if named is None else [name for names in named for name in names.split(",")]


def look(sources: Sources, address: Address, renew: bool) -> Sight:
    """The pipeline's numbers, narrowed to the address's filters; the rows of the open panels."""
    pipeline = sources.registry[address.one(TYPE)]
    read = sources.snapshots.renew if renew else sources.snapshots.latest
    reading = read(pipeline.id)
    snapshot = reading.snapshot
    if snapshot is None:
        return Sight(None, problem=reading.error)
    chosen = address.filters(pipeline)
    key = pipeline.id, tuple((f, *values) for f, values in chosen.items())
    whole, failed = sources.drawn.get(
        key, lambda: gather(panels(snapshot, chosen)), version=reading.taken
    )
    closed = closed_panels(pipeline, opened(address))
    leaves, _ = sources.drawn.get(
        (*key, closed), lambda: (whole.without_tables(closed), failed), version=reading.taken
    )
    return Sight(
        leaves,
        snapshot.as_of.isoformat(),
        reading.age,
        not snapshot.jobs.empty,
        reading.error or failed,
    )


def panels(whole: Snapshot, chosen: Filters) -> Panels:
    """What gives the leaves of each panel, from the pipeline's snapshot and the wanted values."""
    snapshot = whole.narrowed(chosen) if chosen else whole
    progress = phase_rows(snapshot)
    # The filters of the groupings that nobody has narrowed show the same numbers as the tables.
    by = cache(lambda: breakdowns(snapshot, snapshot.pipeline.dimensions))
    return {
        "Filters": lambda: _filters(whole, snapshot, chosen, by),
        "Way": lambda: way_values(snapshot.way),
        "Contradictions": lambda: contradiction_values(snapshot.contradictions),
        "Summary": lambda: banner_values(
            summary(snapshot, progress), progress, snapshot.pipeline, chosen
        ),
        "Phases": lambda: phase_values(snapshot.pipeline, progress, chosen),
        "Active jobs": lambda: active_job_values(snapshot.jobs),
        **{
            grouping.label: _table(snapshot.pipeline, grouping, by, progress, chosen)
            for grouping in snapshot.pipeline.groupings
        },
    }


def _table(
    pipeline: Pipeline,
    grouping: Grouping,
    by: Breakdowns,
    progress: Sequence[Mapping[str, Any]],
    chosen: Filters,
) -> Callable[[], Leaves]:
    return lambda: breakdown_values(pipeline, grouping, by()[grouping.field], progress, chosen)


def _filters(whole: Snapshot, snapshot: Snapshot, chosen: Filters, by: Breakdowns) -> Leaves:
    choices = dict(by())
    for field in chosen:
        others = {other: values for other, values in chosen.items() if other != field}
        choices |= breakdowns(whole.narrowed(others), [field])
    files = measured(snapshot.files, "total"), measured(whole.files, "total")
    return filter_values(whole.pipeline, chosen, choices, files)
