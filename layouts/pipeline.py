"""The page of one pipeline, from its registry entry alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import html

from layouts.active_jobs import active_job_values, active_jobs
from layouts.banner import banner, banner_values
from layouts.contradictions import contradiction_values, contradictions
from layouts.groupings import breakdown_values, breakdowns
from layouts.leaves import Leaves
from layouts.phases import phase_cards, phase_values
from layouts.submit import form, known_values, opener
from pipelines.models import Pipeline


def pipeline_page(
    pipeline: Pipeline,
    refusals: Mapping[str, str | None],
    suggestions: Mapping[str, Sequence[str]],
) -> html.Div:
    """The skeleton; `refusals` says why a job type can't be submitted, `suggestions` the known
    values of each grouping."""
    others = [action for action in pipeline.submit_actions if action.phase is None]
    return html.Div(
        [
            html.H1(f"{pipeline.name} Pipeline"),
            html.P(pipeline.description, className="note"),
            contradictions(),
            banner(pipeline),
            html.Div(
                [opener(action, refusals.get(action.job_type)) for action in others],
                className="actions",
            ),
            phase_cards(pipeline, refusals),
            breakdowns(pipeline),
            active_jobs(pipeline),
            *known_values(pipeline.submit_actions, suggestions),
            *(form(action) for action in pipeline.submit_actions),
        ]
    )


def pipeline_values(
    pipeline: Pipeline,
    summary: Any,
    phases: pd.DataFrame,
    groupings: Mapping[str, pd.DataFrame],
    jobs: pd.DataFrame,
    found: pd.DataFrame,
) -> Leaves:
    """Every leaf of the page: a Summary, one row a phase, a breakdown a field, one row a job and
    one row a contradiction."""
    leaves = (
        banner_values(summary)
        | phase_values(phases)
        | active_job_values(jobs)
        | contradiction_values(found)
    )
    for grouping in pipeline.groupings:
        leaves |= breakdown_values(grouping, groupings[grouping.field])
    return leaves
