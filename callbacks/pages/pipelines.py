"""The first page: all pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from dash.development.base_component import Component

from callbacks.addresses import Address, missing
from callbacks.sights import Sight, gather
from callbacks.sources import Sources
from layouts.leaves import Leaves
from layouts.selector import no_selector_values, selector_page, selector_values
from pipelines.models import Pipeline
from queries.cache import Reading
from queries.phases import phase_rows
from queries.summary import summary


def build(sources: Sources, address: Address) -> Component:
    """A card a pipeline; what was asked for and is not there is told."""
    return selector_page(sources.registry, missing(sources.registry, address))


def look(sources: Sources, _address: Address, renew: bool) -> Sight:
    """The progress of every pipeline."""
    read = sources.snapshots.renew if renew else sources.snapshots.latest
    readings = {pipeline: read(pipeline.id) for pipeline in sources.registry.values()}
    version = tuple((reading.taken, reading.error) for reading in readings.values())
    leaves, failed = sources.drawn.get("cards", lambda: gather(cards(readings)), version)
    found = [(r.age, r.snapshot) for r in readings.values() if r.snapshot is not None]
    # The page is as old as its oldest number.
    age, oldest = max(found, key=lambda pair: pair[0], default=(0.0, None))
    return Sight(
        leaves,
        oldest.as_of.isoformat() if oldest else None,
        age,
        any(not snapshot.jobs.empty for _, snapshot in found),
        next((reading.error for reading in readings.values() if reading.error), failed),
        tuple(r.snapshot.as_of.isoformat() if r.snapshot else None for r in readings.values()),
    )


def cards(readings: Mapping[Pipeline, Reading]) -> dict[str, Callable[[], Leaves]]:
    """What gives the leaves of each pipeline's card."""
    return {
        pipeline.name: partial(_card, pipeline, reading) for pipeline, reading in readings.items()
    }


def _card(pipeline: Pipeline, reading: Reading) -> Leaves:
    snapshot = reading.snapshot
    if snapshot is None:
        return no_selector_values(pipeline, reading.error)
    progress = phase_rows(snapshot)
    return selector_values(
        pipeline,
        summary(snapshot, progress),
        progress,
        snapshot.jobs,
        snapshot.as_of,
        reading.error,
    )
