"""The stages of a job as a flow: one card each, in the order in which they run."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import html

from layouts import ids
from layouts.aria import aria
from layouts.bars import SEGMENTS, bar_values, progress_bar
from layouts.formats import (
    NONE,
    format_count,
    format_duration,
    format_memory,
    format_percent,
    format_rate,
)
from layouts.page_values import PageValues

# A card each: more would make a page that nobody can read.
MOST_STAGES = 30

COUNTS = {
    "waiting": "Waiting",
    "processing": "Processing",
    "completed": "Completed",
    "failed": "Failed",
}
FACTS = {
    "rate": "Rate",
    "eta": "ETA",
    "average": "Avg time",
    "p95": "p95",
    "memory": "Peak memory",
}


def stage_flow(total: int) -> html.Div:
    """A card per stage, without numbers; of very many the first ones, and how many there are."""
    displayed = min(total, MOST_STAGES)
    cards = [_card(number) for number in range(1, displayed + 1)]
    left_out = f"The first {displayed} of {format_count(total)} stages. The tasks of all are below."
    return html.Div(
        [
            html.Ol(cards, className="flow", **aria(label="Stages")),
            *([html.P(left_out, className="note")] if total > displayed else []),
        ]
    )


def _card(number: int) -> html.Li:
    key = _key(number)
    return html.Li(
        [
            html.H3([html.Span(f"Stage {number}", className="ordinal"), _text(key, "type")]),
            html.Div(
                [progress_bar(key), _text(key, "percent")],
                className="progress-line",
            ),
            html.Dl(_pairs(key, COUNTS, marked=True), className="counts"),
            html.Dl(_pairs(key, FACTS, marked=False), className="stage-facts"),
        ],
        className="card-plain",
    )


def _pairs(key: str, names: dict[str, str], *, marked: bool) -> list[html.Div]:
    return [
        html.Div([html.Dt(label, className=name if marked else None), html.Dd(_text(key, name))])
        for name, label in names.items()
    ]


def _text(key: str, name: str) -> html.Span:
    return html.Span(id=ids.text(f"{key}.{name}"))


def _key(number: int) -> str:
    return f"stage.{number}"


def stage_values(stages: pd.DataFrame, total: int) -> PageValues:
    """The cards' values, from one row per stage that has tasks; the others have not started."""
    rows = {row["stage"]: row for row in stages.to_dict("records")}
    page_values = PageValues()
    for number in range(1, min(total, MOST_STAGES) + 1):
        key = _key(number)
        page_values |= _values(key, rows[number]) if number in rows else _not_begun(key)
    return page_values


def _values(key: str, stage: dict[str, Any]) -> PageValues:
    waiting = stage["tasks"] - stage["processing"] - stage["completed"] - stage["failed"]
    texts = {
        "type": stage["task_type"],
        "percent": format_percent(stage["percent"]),
        "waiting": format_count(waiting),
        **{name: format_count(stage[name]) for name in SEGMENTS},
        "rate": format_rate(stage["rate_per_minute"], "min"),
        "eta": format_duration(stage["eta_seconds"] or None),
        "average": format_duration(stage["average_seconds"]),
        "p95": format_duration(stage["p95_seconds"]),
        "memory": format_memory(stage["peak_memory_mb"]),
    }
    bars = bar_values(key, {**stage, "total": stage["tasks"]})
    return bars | PageValues(text={f"{key}.{name}": text for name, text in texts.items()})


def _not_begun(key: str) -> PageValues:
    names = ("percent", *COUNTS, *FACTS)
    empty = {"total": 0, "completed": 0, "processing": 0, "failed": 0}
    texts = {f"{key}.{name}": NONE for name in names} | {f"{key}.type": "not started"}
    return bar_values(key, empty) | PageValues(text=texts)
