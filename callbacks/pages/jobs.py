"""The list of jobs."""

from __future__ import annotations

from dash.development.base_component import Component

from callbacks.addresses import Address
from callbacks.page_state import PageState, read_panels
from callbacks.pages.paging import paging_of
from callbacks.services import Services
from layouts.job_list import job_list_page, job_list_values
from layouts.links import SEARCH
from layouts.lists import Size
from layouts.page_values import PageValues
from pipelines.registry import Registry
from queries.job_list import VALUES, JobQuery, types_of
from queries.jobs import ACTIVE
from queries.paging import ListPage


def build(_sources: Services, address: Address) -> Component:
    """The list without rows."""
    return job_list_page(address.query)


def read(services: Services, address: Address, renew: bool) -> PageState:
    """The page of the list at an address."""
    result = services.queries.jobs.latest(job_query(services.registry, address), renew=renew)
    facets = services.queries.facets.latest(None, renew=renew)
    page, counts, error = result.value, facets.value, result.error or facets.error
    if page is None or counts is None:
        return PageState(None, problem=error)
    page_values, failed = read_panels({"The list": lambda: _list(services.registry, page, counts)})
    active = bool(page.rows["status"].isin(ACTIVE).any())
    return PageState(page_values, page.as_of.isoformat(), result.age, active, error or failed)


def job_query(registry: Registry, address: Address) -> JobQuery:
    """The query for the jobs at an address."""
    return JobQuery(
        types_of(registry, address.many("pipeline")),
        tuple(address.many("job_type")),
        tuple(address.many("status")),
        address.one(SEARCH),
        paging_of(address, VALUES),
    )


def _list(registry: Registry, page: ListPage, counts: dict[str, dict[str, int]]) -> PageValues:
    of_pipelines = {
        pipeline.id: sum(counts["job_type"].get(name, 0) for name in pipeline.job_types)
        for pipeline in registry.values()
    }
    options = {"pipeline": of_pipelines, **counts}
    return job_list_values(page.rows, Size(page.total, page.exact), options, registry)
