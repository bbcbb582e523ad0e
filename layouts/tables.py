"""The one place that makes tables: Dash's DataTable, as plain as it can be.

What else knows DataTable is assets/tables.js and assets/40-tables.css: a successor replaces these
three files. Everything else uses the names here and those of `dash_clientside.tables`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dash import dash_table
from dash.development.base_component import Component

from layouts import ids

# The properties that a refresh writes (rows, columns, how many pages) or the address (page, order).
ROWS, COLUMNS, PAGES = "data", "columns", "page_count"
PAGE, ORDER = "page_current", "sort_by"
PAGE_SIZE = 25
WRAPPED = {
    "key": {"whiteSpace": "normal", "minWidth": "15rem"},
    "value": {"whiteSpace": "normal", "minWidth": "5rem"},
    "name": {"whiteSpace": "normal", "minWidth": "8rem"},
    "prose": {"whiteSpace": "normal", "minWidth": "12rem"},
}
FORMATS = {
    "count": {"specifier": ",.0f"},
    "percent": {"specifier": "$.1f", "locale": {"symbol": ["", "%"]}},
}


@dataclass(frozen=True)
class Column:
    """A column: numbers are right-aligned and sorted as numbers, links go to a page of ours (and
    are never `sortable`), keys, names, values and prose (an error) may be long and are wrapped."""

    id: str
    name: str
    kind: Literal["text", "key", "name", "value", "prose", "count", "percent", "link"] = "text"
    sortable: bool = True


def table(key: str, columns: Sequence[Column], *, filtered: bool = False) -> Component:
    """A table without rows; a tick writes them. Sorting and filtering outlive that."""
    return _table(
        columns,
        id=ids.table(key),
        sort_action="native",
        filter_action="native" if filtered else "none",
        filter_options={"case": "insensitive", "placeholder_text": "filter"},
        page_size=PAGE_SIZE,
    )


def listing(key: str, columns: Sequence[Column], page: int, sort: str) -> Component:
    """A table whose rows come a page (from 1) at a time, sorted by the server.

    sort: a column's id, with a minus for descending, or "" for the list's own order.
    """
    direction = "desc" if sort.startswith("-") else "asc"
    by = [{"column_id": sort.removeprefix("-"), "direction": direction}]
    return _table(
        columns,
        id=ids.listing(key),
        sort_action="custom",
        sort_by=by if sort else [],
        page_action="custom",
        page_current=page - 1,
        page_count=1,
        page_size=PAGE_SIZE,
    )


def _table(columns: Sequence[Column], **properties: Any) -> Component:
    """A DataTable. Markup in a cell is shown as text: only link cells, whose text is ours, are
    Markdown."""
    made: Component = dash_table.DataTable(  # type: ignore[attr-defined] # dash hides it
        columns=headed(columns),
        data=[],
        markdown_options={"html": False, "link_target": "_self"},
        css=[
            {"selector": "table", "rule": "width: 100%"},
            *(rule for column in columns for rule in _plain(column)),
        ],
        style_cell_conditional=[_style(column) for column in columns],
        style_cell={"fontFamily": "inherit", "fontSize": "inherit"},
        style_table={"overflowX": "auto"},
        cell_selectable=False,
        style_as_list_view=True,
        **properties,
    )
    return made


def headed(
    columns: Sequence[Column], totals: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The columns as DataTable wants them; `totals` go into a header row of their own, where
    sorting, filtering and paging leave them alone."""
    return [
        {
            **_column(column),
            "name": column.name if totals is None else [totals.get(column.id, ""), column.name],
        }
        for column in columns
    ]


def _style(column: Column) -> dict[str, Any]:
    align = "right" if column.kind in ("count", "percent") else "left"
    style = {"if": {"column_id": column.id}, "textAlign": align}
    return {**style, **WRAPPED.get(column.kind, {})}


def _plain(column: Column) -> list[dict[str, str]]:
    # DataTable offers to sort and filter every column; of links, the text behind is unknown.
    header = f'th[data-dash-column="{column.id}"]'
    hidden = []
    if column.kind == "link" or not column.sortable:
        hidden.append(f"{header} .column-header--sort")
    if column.kind == "link":
        hidden.append(f"{header}.dash-filter div")
    return [{"selector": selector, "rule": "display: none"} for selector in hidden]


def _column(column: Column) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": column.id}
    if column.kind == "link":
        return {**entry, "type": "text", "presentation": "markdown"}
    if column.kind in FORMATS:
        return {**entry, "type": "numeric", "format": FORMATS[column.kind]}
    return {**entry, "type": "text"}
