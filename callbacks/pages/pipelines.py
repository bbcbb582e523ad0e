"""The first page: all pipelines."""

from __future__ import annotations

from dash.development.base_component import Component

from callbacks.addresses import Address, missing
from callbacks.sights import Sight
from callbacks.sources import Sources
from layouts.leaves import Leaves
from layouts.selector import no_selector_values, selector_page, selector_values
from pipelines.models import Pipeline
from queries.cache import Reading
from queries.phases import phases
from queries.summary import summary


def build(sources: Sources, address: Address) -> Component:
    """A card a pipeline; what was asked for and is not there is told."""
    return selector_page(sources.registry, missing(sources.registry, address))


def look(sources: Sources, _address: Address, renew: bool) -> Sight:
    """The progress of every pipeline."""
    read = sources.snapshots.renew if renew else sources.snapshots.latest
    readings = {pipeline: read(pipeline.id) for pipeline in sources.registry.values()}
    leaves = Leaves()
    for pipeline, reading in readings.items():
        leaves |= _card(pipeline, reading)
    found = [(r.age, r.snapshot) for r in readings.values() if r.snapshot is not None]
    # The page is as old as its oldest number.
    age, oldest = max(found, key=lambda pair: pair[0], default=(0.0, None))
    return Sight(
        leaves,
        oldest.as_of.isoformat() if oldest else None,
        age,
        any(not snapshot.jobs.empty for _, snapshot in found),
        next((reading.error for reading in readings.values() if reading.error), None),
    )


def _card(pipeline: Pipeline, reading: Reading) -> Leaves:
    snapshot = reading.snapshot
    if snapshot is None:
        return no_selector_values(pipeline, reading.error)
    return selector_values(
        pipeline,
        summary(snapshot),
        phases(snapshot),
        snapshot.jobs,
        snapshot.as_of,
        reading.error,
    )
