"""What stands above a list that comes a page at a time: search, filters, size, and its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.filters import KEY as FILTER
from layouts.filters import dropdown
from layouts.filters import options as options_of
from layouts.formats import format_count
from layouts.links import SEARCH
from layouts.page_values import PageValues
from layouts.tables import PAGE_SIZE, Column, listing


@dataclass(frozen=True)
class Size:
    """How many rows a list has; not exact when there are more than anybody has counted."""

    rows: int
    exact: bool = True


def listed(
    key: str,
    columns: Sequence[Column],
    query: Mapping[str, Sequence[str]],
    filters: Mapping[str, str],
    *,
    file: bool = True,
) -> list[Component]:
    """The controls and the table of a list.

    query: the address's parameters; filters: the label of each parameter that narrows the list.
    """
    dropdowns = [dropdown(name, label, query.get(name, ())) for name, label in filters.items()]
    csv = html.A("CSV", id=ids.href(f"{key}.csv"), href="", className="button", download="")
    page = next(iter(query.get("page", ())), "")
    sort = next(iter(query.get("sort", ())), "")
    return [
        html.Div([_search(key, query), *dropdowns, *([csv] if file else [])], className="filters"),
        listing(key, columns, page_number(page), sort),
    ]


def page_number(written: str) -> int:
    """A page's number as an address has it; the first for what is none."""
    return int(written) if written.isdecimal() and 0 < int(written) < 10**9 else 1


def list_values(
    key: str,
    rows: list[dict[str, Any]],
    size: Size,
    options: Mapping[str, Mapping[str, int]],
    csv: str | None = None,
) -> PageValues:
    """A list's values: one page of rows, how many there are, and for each filter the files or rows
    that each of its values has; `csv` is the address of the list as a file."""
    return PageValues(
        rows={key: rows},
        pages={key: max(1, -(-size.rows // PAGE_SIZE))},
        text={f"{key}.size": ("" if size.exact else "more than ") + format_count(size.rows)},
        options={
            f"{FILTER}.{name}": options_of(counts.items()) for name, counts in options.items()
        },
        href={f"{key}.csv": csv} if csv else {},
    )


def _search(key: str, query: Mapping[str, Sequence[str]]) -> html.Label:
    text = next(iter(query.get(SEARCH, ())), "")
    field = dcc.Input(
        id=ids.search(key), type="search", value=text, debounce=True, placeholder="any text"
    )
    return html.Label(["Search", field])
