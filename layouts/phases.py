"""The phase cards: progress, counts, pace and the phase's submit button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.aria import aria
from layouts.bars import bar_values, progress_bar
from layouts.formats import (
    format_count,
    format_duration,
    format_percent,
    format_rate,
    unknown,
)
from layouts.links import Filters, group_link
from layouts.page_values import PageValues
from layouts.submit import opener
from pipelines.models import Phase, Pipeline

HOUR = 3600
FROM_TASKS = ("processing", "failed", "average")
NO_TASKS = "The registry does not say how to find this phase's tasks"


def phase_cards(pipeline: Pipeline, refusals: Mapping[str, str | None]) -> html.Section:
    """One card per phase; `refusals` says for each job type why it can't be submitted, or none."""
    cards = [
        _card(pipeline, phase, number, refusals)
        for number, phase in enumerate(pipeline.phases, start=1)
    ]
    return html.Section(cards, className="cards", **aria(label="Phases"))


def _card(
    pipeline: Pipeline, phase: Phase, number: int, refusals: Mapping[str, str | None]
) -> html.Article:
    actions = [action for action in pipeline.submit_actions if action.phase == phase.id]
    return html.Article(
        [
            html.H2([html.Span(f"Phase {number}", className="ordinal"), phase.name]),
            html.P(phase.description, className="note"),
            html.Div(
                [progress_bar(phase.id), html.Span(id=ids.text(f"{phase.id}.percent"))],
                className="progress-line",
            ),
            html.Dl(_counts(phase, number), className="counts"),
            html.P(
                [
                    html.Span(id=ids.text(f"{phase.id}.{key}"), title=_why_unknown(phase, key))
                    for key in ("average", "rate", "eta")
                ],
                className="facts",
            ),
            *(opener(action, refusals.get(action.job_type)) for action in actions),
        ],
        className="card-plain",
    )


def _names(number: int) -> list[str]:
    names = ["pending", "processing", "completed", "failed"]
    return names if number == 1 else ["eligible", *names]


def _counts(phase: Phase, number: int) -> list[html.Div]:
    return [
        html.Div([html.Dt(name.capitalize(), className=name), html.Dd(_count(phase, name))])
        for name in _names(number)
    ]


def _count(phase: Phase, name: str) -> Component:
    """A number that leads to its groups; an unknown one says why."""
    key, why = f"{phase.id}.card.{name}", _why_unknown(phase, name)
    number = html.Span(id=ids.text(key), title=why)
    return number if why else dcc.Link(number, href="", id=ids.href(key))


def _why_unknown(phase: Phase, name: str) -> str | None:
    return None if phase.has_tasks or name not in FROM_TASKS else NO_TASKS


def phase_values(
    pipeline: Pipeline, phases: Sequence[Mapping[str, Any]], chosen: Filters
) -> PageValues:
    """The cards' values, from one row per phase; the numbers lead to groups of the filters."""
    page_values = PageValues()
    for phase, row in zip(pipeline.phases, phases, strict=True):
        names = [name for name in _names(row["number"]) if not _why_unknown(phase, name)]
        leads = {
            f"{phase.id}.card.{name}": group_link(pipeline.id, phase.id, name, chosen)
            for name in names
        }
        page_values |= bar_values(phase.id, row) | _texts(row) | PageValues(href=leads)
    return page_values


def _texts(phase: Mapping[str, Any]) -> PageValues:
    key = phase["phase"]
    counts = {
        f"{key}.card.{name}": format_count(phase[name])
        for name in ("pending", "processing", "completed", "failed")
    }
    if phase["number"] > 1:
        counts[f"{key}.card.eligible"] = format_count(phase["eligible"])
    return PageValues(
        text={
            **counts,
            f"{key}.percent": format_percent(phase["percent"]),
            f"{key}.average": _average(phase),
            f"{key}.rate": _rate(phase),
            f"{key}.eta": _eta(phase),
        }
    )


def _average(phase: Mapping[str, Any]) -> str:
    if unknown(phase["average_seconds"]):
        return "Avg time: –"
    tasks = format_count(phase["average_tasks"])
    return f"Avg time: {format_duration(phase['average_seconds'])} over {tasks} tasks"


def _rate(phase: Mapping[str, Any]) -> str:
    rate, tasks = phase["rate_per_hour"], phase["tasks_per_minute"]
    if not unknown(rate):
        return f"Rate: {format_rate(rate)}"
    # Files are done when their group's task has ended; before that, tasks show that work goes on.
    at_work = "" if unknown(tasks) else f"; its jobs do {format_rate(tasks, 'min', 'tasks')}"
    none = "" if phase["measuring"] else "none – "
    return f"Rate: {none}{phase['rate_reason']}{at_work}"


def _eta(phase: Mapping[str, Any]) -> str:
    eta, reason = phase["eta_hours"], phase["eta_reason"]
    if not unknown(eta):
        return f"ETA: {format_duration(eta * HOUR)}"
    # The rate's reason stands beside it already.
    return "ETA: –" if reason == phase["rate_reason"] else f"ETA: {reason}"
