"""The pipelines as cards: the first page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from dash import dcc, html

from layouts import ids
from layouts.aria import aria
from layouts.bars import bar_values, progress_bar
from layouts.formats import NONE, format_count, format_counted, format_percent, format_timestamp
from layouts.links import pipeline_link
from layouts.page_values import PageValues
from pipelines.models import Pipeline
from pipelines.registry import Registry


def selector_page(registry: Registry, missing: str | None = None) -> html.Div:
    """The skeleton; `missing` says what was asked for and is not there."""
    notice = html.P(f"{missing} Available pipelines:", className="notice")
    return html.Div(
        [
            html.H1("Pipelines"),
            *([notice] if missing else []),
            html.Section(
                [_card(pipeline) for pipeline in registry.values()],
                className="cards",
                **aria(label="Pipelines"),
            ),
        ]
    )


def _card(pipeline: Pipeline) -> html.Article:
    phases = [
        html.Div(
            [
                html.Span(f"Phase {number}: {phase.name}"),
                progress_bar(f"{pipeline.id}.{phase.id}"),
                html.Span(id=ids.text(f"{pipeline.id}.{phase.id}.percent")),
            ],
            className="progress-line",
        )
        for number, phase in enumerate(pipeline.phases, start=1)
    ]
    facts = [html.Span(id=ids.text(f"{pipeline.id}.{key}")) for key in ("files", "jobs", "problem")]
    as_of = html.Span(id=ids.text(f"{pipeline.id}.as_of"), className="timestamp")
    return html.Article(
        [
            html.H2(dcc.Link(pipeline.name, href=pipeline_link(pipeline.id))),
            html.P(pipeline.description, className="note"),
            *phases,
            html.P([*facts, html.Span(["as of ", as_of])], className="facts"),
        ],
        className="card-plain",
    )


def selector_values(
    pipeline: Pipeline,
    summary: Any,
    phases: Sequence[Mapping[str, Any]],
    jobs: pd.DataFrame,
    as_of: datetime,
    problem: str | None,
) -> PageValues:
    """The page values of one pipeline's card."""
    page_values = PageValues(
        text={
            "files": f"{format_count(summary.total_files)} files",
            "jobs": format_counted(len(jobs), "active job"),
            "problem": f"can't be read now: {problem}" if problem else "",
            "as_of": format_timestamp(as_of),
        }
    )
    for phase in phases:
        percent = {f"{phase['phase']}.percent": format_percent(phase["percent"])}
        page_values |= bar_values(phase["phase"], phase) | PageValues(text=percent)
    return page_values.under(pipeline.id)


def no_selector_values(pipeline: Pipeline, problem: str | None) -> PageValues:
    """The page values of a card whose numbers are not there yet."""
    empty: Mapping[str, Any] = {"total": 0, "completed": 0, "processing": 0, "failed": 0}
    reason = f"can't be read: {problem}" if problem else "being read for the first time"
    page_values = PageValues(
        text={
            "files": f"{NONE} files",
            "jobs": f"{NONE} active jobs",
            "problem": reason,
            "as_of": NONE,
        }
    )
    for phase in pipeline.phases:
        page_values |= bar_values(phase.id, empty) | PageValues(text={f"{phase.id}.percent": NONE})
    return page_values.under(pipeline.id)
