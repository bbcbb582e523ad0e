"""Opens a page: builds its skeleton once, with the numbers of this moment in it."""

from __future__ import annotations

from typing import Any

from dash import Dash, Input, Output
from dash.development.base_component import Component

from callbacks.sights import Address, Sight, look, read_address
from callbacks.sources import Sources
from layouts import ids
from layouts.leaves import fill, name_leaves
from layouts.monitor import missing_page, monitor_page
from layouts.pipeline import pipeline_page
from layouts.selector import selector_page
from queries.groupings import breakdown

# The frame around the page, which a navigation and a tick write alike.
FRAME = (
    Output(ids.VERSION, "data", allow_duplicate=True),
    Output(ids.AS_OF, "data", allow_duplicate=True),
    Output(ids.ACTIVE, "data", allow_duplicate=True),
    Output(ids.PROBLEM, "children", allow_duplicate=True),
    Output(ids.PROBLEM, "hidden", allow_duplicate=True),
)


def register(app: Dash, sources: Sources) -> None:
    """A page for every address."""

    @app.callback(
        Output(ids.PAGE, "children"),
        *FRAME,
        Input(ids.LOCATION, "pathname"),
        Input(ids.LOCATION, "search"),
        prevent_initial_call="initial_duplicate",
    )
    def open_page(pathname: str, search: str) -> tuple[Any, ...]:
        address = read_address(pathname, search)
        sight = look(sources, address)
        if sight.leaves is None:
            # The very first reading: a page with numbers is worth the moment it takes.
            sight = look(sources, address, renew=True)
        page = name_leaves(build(sources, address), address.place)
        return fill(page, sight.leaves), *frame(sight)


def frame(sight: Sight) -> tuple[Any, ...]:
    """What stands around the page: version, time and age, whether jobs run, and the problem."""
    problem = f"The database can't be read: {sight.problem}" if sight.problem else ""
    if problem and sight.as_of:
        problem += ". The numbers are the last ones; this page goes on trying."
    as_of = {"at": sight.as_of, "age": sight.age}
    return sight.version, as_of, sight.active, problem, not problem


def build(sources: Sources, address: Address) -> Component:
    """The skeleton of the page at an address."""
    if address.job_id is not None:
        return _monitor(sources, address.job_id)
    if address.pipeline is not None and address.pipeline in sources.registry:
        return _pipeline(sources, address.pipeline)
    return selector_page(sources.registry, address.pipeline)


def _monitor(sources: Sources, job_id: str) -> Component:
    reading = sources.job_reports.latest(job_id)
    if reading.report is None:
        return missing_page(job_id, reading.found)
    job = reading.report.job
    pipeline = sources.registry.of_job_type(job.job_type)
    return monitor_page(job.job_id, job.job_type, job.parameters, pipeline)


def _pipeline(sources: Sources, pipeline_id: str) -> Component:
    pipeline = sources.registry[pipeline_id]
    job_types = [action.job_type for action in pipeline.submit_actions]
    refusals = {job_type: sources.submitter.unavailable(job_type) for job_type in job_types}
    snapshot = sources.snapshots.latest(pipeline_id).snapshot
    known = {
        field: list(breakdown(snapshot, field)["value"]) if snapshot else []
        for field in pipeline.dimensions
    }
    return pipeline_page(pipeline, refusals, known)
