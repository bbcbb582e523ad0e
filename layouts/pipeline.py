"""The page of one pipeline, from its registry entry alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dash import html

from layouts.active_jobs import active_jobs
from layouts.banner import banner
from layouts.charts import charts
from layouts.contradictions import contradictions
from layouts.filters import filters
from layouts.groupings import breakdowns
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
    others = [action for action in pipeline.submit_actions if action.phase is None]
    return html.Div(
        [
            html.H1(f"{pipeline.name} Pipeline"),
            html.P(pipeline.description, className="note"),
            filters(pipeline, chosen or {}),
            contradictions(),
            banner(pipeline),
            html.Div(
                [opener(action, refusals.get(action.job_type)) for action in others],
                className="actions",
            ),
            phase_cards(pipeline, refusals),
            breakdowns(pipeline, opened),
            active_jobs(pipeline, opened),
            charts("Files completed over time"),
            *known_values(pipeline.submit_actions, suggestions),
            *(form(action, suggestions) for action in pipeline.submit_actions),
        ]
    )
