"""The breakdown tables: one a grouping, each behind a toggle."""

from __future__ import annotations

from typing import Any

import pandas as pd
from dash import html

from layouts import ids
from layouts.aria import aria
from layouts.leaves import Leaves
from layouts.tables import Column, table
from pipelines.models import Grouping, Pipeline


def breakdowns(pipeline: Pipeline) -> html.Section:
    """A table a grouping; the first one is open."""
    toggles = [
        html.Details(
            [
                html.Summary([f"{grouping.label} breakdown", _size(grouping)]),
                table(_key(grouping), _columns(pipeline, grouping), filtered=True),
            ],
            open=number == 0,
            className="panel",
        )
        for number, grouping in enumerate(pipeline.groupings)
    ]
    return html.Section(toggles, **aria(label="Breakdowns"))


def _size(grouping: Grouping) -> html.Span:
    return html.Span(id=ids.text(f"{_key(grouping)}.size"), className="note")


def _key(grouping: Grouping) -> str:
    return f"by.{grouping.field}"


def _columns(pipeline: Pipeline, grouping: Grouping) -> list[Column]:
    columns = [Column("value", grouping.label, "name"), Column("total", "Total files", "count")]
    for number, phase in enumerate(pipeline.phases, start=1):
        columns += [
            Column(f"{phase.id}_completed", f"Phase {number} done", "count"),
            Column(f"{phase.id}_pending", f"Phase {number} pending", "count"),
            Column(f"{phase.id}_percent", f"Phase {number} %", "percent"),
        ]
    return columns


def breakdown_values(grouping: Grouping, breakdown: pd.DataFrame) -> Leaves:
    """A grouping's rows, from one row a value."""
    rows: list[dict[str, Any]] = breakdown.to_dict("records")
    values = "1 value" if len(rows) == 1 else f"{len(rows):,} values"
    return Leaves(
        table={_key(grouping): [{**row, "id": row["value"]} for row in rows]},
        text={f"{_key(grouping)}.size": values},
    )
