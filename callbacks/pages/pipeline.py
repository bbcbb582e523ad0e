"""The page of one pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from dash.development.base_component import Component

from access.guard import current_actor
from callbacks.addresses import Address
from callbacks.page_state import PageState, read_panels
from callbacks.services import Services
from layouts.active_jobs import active_job_values
from layouts.banner import banner_values, read_mode_values
from layouts.filters import filter_values
from layouts.groupings import breakdown_values
from layouts.inconsistencies import inconsistency_values
from layouts.links import OPEN, TYPE, Filters
from layouts.page_values import PageValues
from layouts.phases import phase_values
from layouts.pipeline import closed_panels, pipeline_page
from pipelines.models import Grouping, Pipeline
from queries.groupings import breakdowns
from queries.phases import measured, phase_rows
from queries.snapshot import Snapshot
from queries.summary import summary

Panels = dict[str, Callable[[], PageValues]]
Breakdowns = Callable[[], Mapping[str, Mapping[str, Sequence[Any]]]]


def build(services: Services, address: Address) -> Component:
    """The skeleton from the registry entry."""
    pipeline = services.registry[address.one(TYPE)]
    job_types = [action.job_type for action in pipeline.submit_actions]
    submitter = services.actions.by(current_actor())
    refusals = {job_type: submitter.unavailable(job_type) for job_type in job_types}
    snapshot = services.snapshots.latest(pipeline.id).value
    found = breakdowns(snapshot, pipeline.dimensions) if snapshot else {}
    suggestions = {field: columns["value"] for field, columns in found.items()}
    return pipeline_page(
        pipeline, refusals, suggestions, address.filters(pipeline), opened(address)
    )


def opened(address: Address) -> list[str] | None:
    """The panels that the address names as open; None if it names none."""
    named = address.query.get(OPEN)
    return None if named is None else [name for names in named for name in names.split(",")]


def read(services: Services, address: Address, renew: bool) -> PageState:
    """The pipeline's numbers with the address's filters, and the rows of the open panels."""
    pipeline = services.registry[address.one(TYPE)]
    result = services.snapshots.latest(pipeline.id, renew=renew)
    snapshot = result.value
    if snapshot is None:
        return PageState(None, problem=result.error)
    chosen = address.filters(pipeline)
    key = pipeline.id, tuple((f, *values) for f, values in chosen.items())
    whole, failed = services.rendered.get(
        key, lambda: read_panels(panels(snapshot, chosen)), version=result.read_at
    )
    closed = closed_panels(pipeline, opened(address))
    page_values, _ = services.rendered.get(
        (*key, closed), lambda: (whole.without_tables(closed), failed), version=result.read_at
    )
    return PageState(
        page_values,
        snapshot.as_of.isoformat(),
        result.age,
        not snapshot.jobs.empty,
        result.error or failed,
    )


def panels(whole: Snapshot, chosen: Filters) -> Panels:
    """What reads the values of each panel, from the pipeline's snapshot and the filters."""
    snapshot = whole.narrowed(chosen) if chosen else whole
    progress = phase_rows(snapshot)
    # The filters of the groupings that nobody has narrowed show the same numbers as the tables.
    by = cache(lambda: breakdowns(snapshot, snapshot.pipeline.dimensions))
    return {
        "Filters": lambda: _filters(whole, snapshot, chosen, by),
        "Read mode": lambda: read_mode_values(snapshot.read_mode),
        "Contradictions": lambda: inconsistency_values(snapshot.inconsistencies),
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
) -> Callable[[], PageValues]:
    return lambda: breakdown_values(pipeline, grouping, by()[grouping.field], progress, chosen)


def _filters(whole: Snapshot, snapshot: Snapshot, chosen: Filters, by: Breakdowns) -> PageValues:
    facets = dict(by())
    for field in chosen:
        others = {other: values for other, values in chosen.items() if other != field}
        facets |= breakdowns(whole.narrowed(others), [field])
    files = measured(snapshot.files, "total"), measured(whole.files, "total")
    return filter_values(whole.pipeline, chosen, facets, files)
