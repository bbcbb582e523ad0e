"""The breakdown tables: one a grouping, each behind a toggle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from dash import html

from layouts.aria import aria
from layouts.formats import format_count, format_percent
from layouts.leaves import Leaves
from layouts.links import Filters, pipeline_link
from layouts.panels import panel
from layouts.tables import Column, headed, table
from pipelines.models import Grouping, Pipeline


def breakdowns(pipeline: Pipeline, opened: Sequence[str] | None) -> html.Section:
    """A table a grouping; the first one is open, or those that the address names."""
    toggles = [
        panel(
            key(grouping.field),
            f"{grouping.label} breakdown",
            [table(key(grouping.field), _columns(pipeline, grouping), filtered=True)],
            is_open=number == 0 if opened is None else key(grouping.field) in opened,
        )
        for number, grouping in enumerate(pipeline.groupings)
    ]
    return html.Section(toggles, **aria(label="Breakdowns"))


def key(field: str) -> str:
    """The key of a grouping's leaves, and the name of its panel."""
    return f"by.{field}"


def _columns(pipeline: Pipeline, grouping: Grouping) -> list[Column]:
    columns = [Column("value", grouping.label, "name"), Column("total", "Total files", "count")]
    for number, phase in enumerate(pipeline.phases, start=1):
        columns += [
            Column(f"{phase.id}_completed", f"Phase {number} done", "count"),
            Column(f"{phase.id}_pending", f"Phase {number} pending", "count"),
            Column(f"{phase.id}_percent", f"Phase {number} %", "percent"),
        ]
    return [*columns, Column("view", "Actions", "link")]


def breakdown_values(
    pipeline: Pipeline,
    grouping: Grouping,
    breakdown: pd.DataFrame,
    phases: pd.DataFrame,
    chosen: Filters,
) -> Leaves:
    """A grouping's rows from one row a value, and above them the totals, which are the phases'."""
    name = key(grouping.field)
    rows: list[dict[str, Any]] = breakdown.to_dict("records")
    values = "1 value" if len(rows) == 1 else f"{len(rows):,} values"
    linked = [
        {**row, "id": row["value"], "view": _view(pipeline, grouping, row["value"], chosen)}
        for row in rows
    ]
    totals = _totals(phases, f"All {values}")
    return Leaves(
        table={name: linked},
        columns={name: headed(_columns(pipeline, grouping), totals)},
        text={f"{name}.size": values},
    )


def _totals(phases: pd.DataFrame, label: str) -> Mapping[str, str]:
    totals = {"value": label}
    for phase in phases.to_dict("records"):
        totals["total"] = format_count(phase["total"])
        totals[f"{phase['phase']}_completed"] = format_count(phase["completed"])
        totals[f"{phase['phase']}_pending"] = format_count(phase["pending"])
        totals[f"{phase['phase']}_percent"] = format_percent(phase["percent"])
    return totals


def _view(pipeline: Pipeline, grouping: Grouping, value: str, chosen: Filters) -> str:
    # The address is percent-encoded, so that no value can end the link early.
    link = pipeline_link(pipeline.id, {**chosen, grouping.field: [value]})
    return f"[View]({link.replace('(', '%28').replace(')', '%29')})"
