"""The first page: all pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from dash.development.base_component import Component

from callbacks.addresses import Address, missing
from callbacks.page_state import PageState, read_panels
from callbacks.services import Services
from layouts.page_values import PageValues
from layouts.selector import no_selector_values, selector_page, selector_values
from pipelines.models import Pipeline
from queries.cache import CachedResult
from queries.phases import phase_rows
from queries.snapshot import Snapshot
from queries.summary import summary


def build(services: Services, address: Address) -> Component:
    """A card per pipeline, and a notice if the address names an unknown one."""
    return selector_page(services.registry, missing(services.registry, address))


def read(services: Services, _address: Address, renew: bool) -> PageState:
    """The progress of every pipeline."""
    results = {
        pipeline: services.snapshots.latest(pipeline.id, renew=renew)
        for pipeline in services.registry.values()
    }
    version = tuple((result.read_at, result.error) for result in results.values())
    page_values, failed = services.rendered.get(
        "cards", lambda: read_panels(cards(results)), version
    )
    found = [(r.age, r.value) for r in results.values() if r.value is not None]
    # The page is as old as its oldest number.
    age, oldest = max(found, key=lambda pair: pair[0], default=(0.0, None))
    return PageState(
        page_values,
        oldest.as_of.isoformat() if oldest else None,
        age,
        any(not snapshot.jobs.empty for _, snapshot in found),
        next((result.error for result in results.values() if result.error), failed),
        tuple(r.value.as_of.isoformat() if r.value else None for r in results.values()),
    )


def cards(
    results: Mapping[Pipeline, CachedResult[Snapshot]],
) -> dict[str, Callable[[], PageValues]]:
    """What reads the values of each pipeline's card."""
    return {pipeline.name: partial(_card, pipeline, result) for pipeline, result in results.items()}


def _card(pipeline: Pipeline, result: CachedResult[Snapshot]) -> PageValues:
    snapshot = result.value
    if snapshot is None:
        return no_selector_values(pipeline, result.error)
    progress = phase_rows(snapshot)
    return selector_values(
        pipeline,
        summary(snapshot, progress),
        progress,
        snapshot.jobs,
        snapshot.as_of,
        result.error,
    )
