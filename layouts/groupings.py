"""The breakdown tables: one per grouping, each behind a toggle."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from dash import html

from layouts.aria import aria
from layouts.formats import format_count, format_percent
from layouts.links import Filters, pipeline_link
from layouts.page_values import PageValues, Rows
from layouts.panels import panel
from layouts.tables import Column, headed, table
from pipelines.models import Grouping, Pipeline


def breakdowns(pipeline: Pipeline, closed: Collection[str]) -> html.Section:
    """A table per grouping."""
    toggles = [
        panel(
            key(grouping.field),
            f"{grouping.label} breakdown",
            [table(key(grouping.field), _columns(pipeline, grouping), filtered=True)],
            is_open=key(grouping.field) not in closed,
        )
        for grouping in pipeline.groupings
    ]
    return html.Section(toggles, **aria(label="Breakdowns"))


def key(field: str) -> str:
    """The key of a grouping's values, and the name of its panel."""
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
    breakdown: Mapping[str, Sequence[Any]],
    phases: Sequence[Mapping[str, Any]],
    chosen: Filters,
) -> PageValues:
    """A grouping's rows from its breakdown's columns, and above them the totals, which are the
    phases'."""
    name = key(grouping.field)
    rows = _rows(pipeline, grouping, breakdown, chosen)
    values = "1 value" if len(rows) == 1 else f"{len(rows):,} values"
    totals = _totals(phases, f"Total ({values})")
    return PageValues(
        table={name: rows},
        columns={name: headed(_columns(pipeline, grouping), totals)},
        text={f"{name}.size": values},
    )


def _rows(
    pipeline: Pipeline, grouping: Grouping, breakdown: Mapping[str, Sequence[Any]], chosen: Filters
) -> Rows:
    displayed = [column.id for column in _columns(pipeline, grouping) if column.kind != "link"]
    values = breakdown["value"]
    narrowed = tuple((field, *wanted) for field, wanted in chosen.items())
    views = _views(pipeline.id, grouping.field, tuple(values), narrowed)
    named = ["id", *displayed, "view"]
    cells = zip(values, *(breakdown[column] for column in displayed), views, strict=True)
    return [dict(zip(named, row, strict=True)) for row in cells]


def _totals(phases: Sequence[Mapping[str, Any]], label: str) -> Mapping[str, str]:
    totals = {"value": label}
    for phase in phases:
        totals["total"] = format_count(phase["total"])
        totals[f"{phase['phase']}_completed"] = format_count(phase["completed"])
        totals[f"{phase['phase']}_pending"] = format_count(phase["pending"])
        totals[f"{phase['phase']}_percent"] = format_percent(phase["percent"])
    return totals


# The values outlive many ticks, and with them the links.
@lru_cache(maxsize=100)
def _views(
    pipeline_id: str, field: str, values: tuple[str, ...], chosen: tuple[tuple[str, ...], ...]
) -> list[str]:
    """For each value the link to the page that is filtered by it."""
    filters = {other: wanted for other, *wanted in chosen}
    links = [pipeline_link(pipeline_id, {**filters, field: [value]}) for value in values]
    # An address is percent-encoded, so that no value can end the link early.
    return [f"[View]({link})" for link in links]
