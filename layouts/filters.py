"""The filters of a pipeline's page: one dropdown per grouping; together they narrow every panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dash import dcc, html

from layouts import ids
from layouts.aria import aria
from layouts.choices import option
from layouts.formats import format_count
from layouts.links import Filters, filter_parameter, pipeline_link
from layouts.page_values import PageValues
from pipelines.models import Pipeline
from pipelines.value_keys import value_key

KEY = "filter"

Breakdown = Mapping[str, Sequence[Any]]


def filters(pipeline: Pipeline, chosen: Filters) -> html.Section:
    """The dropdowns with what is chosen; nothing for a pipeline without groupings."""
    dropdowns = [
        dropdown(filter_parameter(one.field), one.label, chosen.get(one.field, ()))
        for one in pipeline.groupings
    ]
    filtered = html.P(
        [
            html.Span(id=ids.text(f"{KEY}.filtered")),
            dcc.Link("Clear filters", href=pipeline_link(pipeline.id)),
        ],
        id=ids.visible(f"{KEY}.active"),
        className="filtered",
        hidden=True,
        role="status",
    )
    return html.Section(
        [html.Div(dropdowns, className="filters"), filtered],
        hidden=not dropdowns,
        **aria(label="Filters"),
    )


def dropdown(parameter: str, label: str, chosen: Sequence[str]) -> html.Label:
    """The dropdown of a parameter of the address; a refresh writes its options."""
    field = dcc.Dropdown(
        id=ids.options(f"{KEY}.{parameter}"),
        options=[],
        value=list(chosen),
        multi=True,
        placeholder="all",
    )
    return html.Label([label, field], **aria(label=label))


def options(counts: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    """The options of a dropdown, from its values and how many rows or files have each."""
    return [option(value_key(value), f"{value} ({format_count(n)})") for value, n in counts]


def filter_values(
    pipeline: Pipeline,
    chosen: Filters,
    facets: Mapping[str, Breakdown],
    files: tuple[int, int],
) -> PageValues:
    """The options with their counts, and what the page is filtered to.

    facets: for each field its breakdown's columns under the other filters; files: shown, of all.
    """
    offered = {
        f"{KEY}.{filter_parameter(field)}": _options(rows, chosen.get(field, ()))
        for field, rows in facets.items()
    }
    texts = [
        f"{grouping.label} {_matching(facets[grouping.field], chosen[grouping.field])} of "
        f"{format_count(len(facets[grouping.field]['value']))}"
        for grouping in pipeline.groupings
        if grouping.field in chosen
    ]
    displayed, total = files
    texts.append(f"{format_count(displayed)} of {format_count(total)} files")
    return PageValues(
        options=offered,
        text={f"{KEY}.filtered": "Filtered: " + ", ".join(texts)},
        visible={f"{KEY}.active": bool(chosen)},
    )


def _options(found: Breakdown, chosen: Sequence[str]) -> list[dict[str, Any]]:
    occurring = {value_key(value) for value in found["value"]}
    # What somebody has chosen stays in the list, so that it can be taken away again.
    added = [(value, _files(found, value)) for value in chosen if value_key(value) not in occurring]
    return options([*zip(found["value"], found["total"], strict=True), *added])


def _files(found: Breakdown, value: str) -> int:
    wanted = value.casefold()
    every = zip(found["value"], found["total"], strict=True)
    return sum(count for one, count in every if one.casefold() == wanted)


def _matching(found: Breakdown, chosen: Sequence[str]) -> str:
    wanted = {value_key(value).casefold() for value in chosen}
    return format_count(sum(value_key(value).casefold() in wanted for value in found["value"]))
