"""The page of one pipeline, from its registry entry alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import html

from layouts.active_jobs import KEY as ACTIVE
from layouts.active_jobs import active_jobs
from layouts.banner import banner
from layouts.charts import charts
from layouts.filters import filters
from layouts.groupings import breakdowns, key
from layouts.inconsistencies import inconsistencies
from layouts.links import Filters
from layouts.phases import phase_cards
from layouts.submit import form, known_values, opener
from pipelines.models import Pipeline


def pipeline_page(
    pipeline: Pipeline,
    refusals: Mapping[str, str | None],
    suggestions: Mapping[str, Sequence[str]],
    chosen: Filters | None = None,
    opened: Sequence[str] | None = None,
) -> html.Div:
    """The skeleton.

    refusals: why a job type can't be submitted; suggestions: the known values of each grouping;
    chosen: the filters; opened: the panels that are open, none for those that are by themselves.
    """
    closed = closed_panels(pipeline, opened)
    others = [action for action in pipeline.submit_actions if action.phase is None]
    return html.Div(
        [
            html.H1(f"{pipeline.name} Pipeline"),
            html.P(pipeline.description, className="note"),
            filters(pipeline, chosen or {}),
            inconsistencies(),
            banner(pipeline),
            html.Div(
                [opener(action, refusals.get(action.job_type)) for action in others],
                className="actions",
            ),
            phase_cards(pipeline, refusals),
            breakdowns(pipeline, closed),
            active_jobs(pipeline, closed),
            charts("Files completed over time"),
            *known_values(pipeline.submit_actions, suggestions),
            *(form(action, suggestions) for action in pipeline.submit_actions),
        ]
    )


def closed_panels(pipeline: Pipeline, opened: Sequence[str] | None) -> frozenset[str]:
    """The panels whose rows nobody sees, as the keys of their values.

    The active jobs and the first grouping are open by themselves, or those that are `opened`.
    """
    names = [ACTIVE, *(key(grouping.field) for grouping in pipeline.groupings)]
    return frozenset(names).difference(names[:2] if opened is None else opened)
