"""The list of jobs."""

from __future__ import annotations

from dash.development.base_component import Component

from callbacks.addresses import Address
from callbacks.pages.paging import paging_of
from callbacks.sights import Sight, gather
from callbacks.sources import Sources
from layouts.job_list import job_list_page, job_list_values
from layouts.leaves import Leaves
from layouts.links import SEARCH
from layouts.lists import Size
from pipelines.registry import Registry
from queries.job_list import VALUES, JobQuery
from queries.jobs import ACTIVE
from queries.paging import Page


def build(_sources: Sources, address: Address) -> Component:
    """The list without rows."""
    return job_list_page(address.query)


def look(sources: Sources, address: Address, renew: bool) -> Sight:
    """The page of the list that the address asks for."""
    answer = sources.readings.jobs.latest(job_query(sources.registry, address), renew=renew)
    choices = sources.readings.choices.latest(None, renew=renew)
    page, counts, error = answer.value, choices.value, answer.error or choices.error
    if page is None or counts is None:
        return Sight(None, problem=error)
    leaves, failed = gather({"The list": lambda: _list(sources.registry, page, counts)})
    active = bool(page.rows["status"].isin(ACTIVE).any())
    return Sight(leaves, page.as_of.isoformat(), answer.age, active, error or failed)


def job_query(registry: Registry, address: Address) -> JobQuery:
    """The jobs that an address asks for."""
    wanted = address.many("pipeline")
    types = [t for name in wanted if name in registry for t in registry[name].job_types]
    return JobQuery(
        tuple(types) if wanted else None,
        tuple(address.many("job_type")),
        tuple(address.many("status")),
        address.one(SEARCH),
        paging_of(address, VALUES),
    )


def _list(registry: Registry, page: Page, counts: dict[str, dict[str, int]]) -> Leaves:
    of_pipelines = {
        pipeline.id: sum(counts["job_type"].get(name, 0) for name in pipeline.job_types)
        for pipeline in registry.values()
    }
    options = {"pipeline": of_pipelines, **counts}
    return job_list_values(page.rows, Size(page.total, page.exact), options, registry)
