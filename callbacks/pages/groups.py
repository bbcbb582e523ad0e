"""The groups of a phase in one state."""

from __future__ import annotations

from dash.development.base_component import Component

from callbacks.addresses import Address, groups_of
from callbacks.page_state import PageState, read_panels
from callbacks.pages.paging import paging_of
from callbacks.services import Services
from layouts.group_list import group_list_page, group_list_values
from layouts.links import SEARCH, filter_parameter, group_file
from layouts.lists import Size
from layouts.page_values import PageValues
from pipelines.models import Phase
from queries.group_list import SORTS, GroupQuery
from queries.groupings import breakdowns
from queries.paging import ListPage
from queries.snapshot import Snapshot, stored_values


def build(services: Services, address: Address) -> Component:
    """The list without rows."""
    wanted = groups_of(services.registry, address)
    assert wanted is not None
    return group_list_page(*wanted, address.query)


def read(services: Services, address: Address, renew: bool) -> PageState:
    """The page of the list at an address."""
    wanted = groups_of(services.registry, address)
    assert wanted is not None
    pipeline, phase, state = wanted
    latest = services.snapshots.latest(pipeline.id, renew=renew)
    snapshot = latest.value
    if snapshot is None:
        return PageState(None, problem=latest.error)
    query = group_query(snapshot, phase, state, address)
    listed = services.queries.groups.latest(query, renew=renew)
    page, error = listed.value, listed.error or latest.error
    if page is None:
        return PageState(None, problem=error)
    page_values, failed = read_panels(
        {"The list": lambda: _list(snapshot, phase, state, address, page)}
    )
    active = not snapshot.jobs.empty
    others = (snapshot.as_of.isoformat(),)
    return PageState(
        page_values, page.as_of.isoformat(), listed.age, active, error or failed, others
    )


def group_query(snapshot: Snapshot, phase: Phase, state: str, address: Address) -> GroupQuery:
    """The query for the groups at an address."""
    pipeline = snapshot.pipeline
    stored = stored_values(snapshot, address.filters(pipeline))
    paging = paging_of(address, SORTS)
    return GroupQuery(
        pipeline.id, phase.id, state, tuple(stored.items()), address.one(SEARCH), paging
    )


def _list(
    snapshot: Snapshot, phase: Phase, state: str, address: Address, page: ListPage
) -> PageValues:
    pipeline = snapshot.pipeline
    chosen = address.filters(pipeline)
    options = {
        filter_parameter(field): dict(zip(found["value"], found["total"], strict=True))
        for field, found in breakdowns(snapshot, pipeline.dimensions).items()
    }
    csv = group_file(pipeline.id, phase.id, state, chosen, address.one(SEARCH))
    size = Size(page.total, page.exact)
    return group_list_values(pipeline, phase, page.rows, size, options, chosen, csv)
