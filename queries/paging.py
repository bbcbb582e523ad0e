"""One page of a list that is too long to be read whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from psycopg2.extensions import encodings
from sqlalchemy import ColumnElement, Connection, Select, false, func, literal_column, select

from queries.frames import read_frame, timestamp

# More rows than this are not counted: a reader knows enough, and the database is spared.
MOST_COUNTED = 10_000
LARGEST_SIZE = 1000
ONE: ColumnElement[int] = literal_column("1")


@dataclass(frozen=True)
class Paging:
    """Which page (from 1) of which size, in which order: a column's name, with a minus for
    descending, or "" for the list's own order."""

    page: int = 1
    size: int = 25
    sort: str = ""


FIRST = Paging()


@dataclass(frozen=True)
class ListPage:
    """The rows of a page, and how many rows there are on all pages; `exact` is false when there
    are more than `total`. as_of: the database's clock."""

    rows: pd.DataFrame
    total: int
    exact: bool
    as_of: datetime


def read_list_page(
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    dtypes: Mapping[str, str],
    paging: Paging,
    most: int = MOST_COUNTED,
    text: str = "",
) -> ListPage:
    """A page of an ordered query under the names and dtypes of `dtypes`; at most `most` rows are
    counted. Where the database can't hold the text that is looked for, there is nothing."""
    if not can_hold(connection, text):
        query = query.where(false())
    total = count_rows(connection, query, most)
    offset = (paging.page - 1) * paging.size
    rows = read_frame(connection, query.limit(paging.size).offset(offset), dtypes)
    return ListPage(rows, min(total, most), total <= most, timestamp(connection))


def can_hold(connection: Connection, text: str) -> bool:
    """Whether the database's encoding has all characters of a text; asked for others, it fails."""
    driver_connection: Any = connection.connection.driver_connection
    encoding = driver_connection.get_parameter_status("server_encoding")
    # SQL_ASCII takes all bytes, those of UTF-8 too.
    codec = "utf-8" if encoding == "SQL_ASCII" else encodings.get(encoding, "utf-8")
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def count_rows(connection: Connection, query: Select[*tuple[Any, ...]], most: int) -> int:
    """How many rows a query has, at the most one more than `most`."""
    rows = query.order_by(None).with_only_columns(ONE, maintain_column_froms=True)
    few: Any = rows.limit(most + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(few)).scalar_one())


def ordered(
    paging: Paging,
    sorts: Mapping[str, ColumnElement[Any]],
    own: tuple[ColumnElement[Any], ...],
    last: ColumnElement[Any],
) -> tuple[ColumnElement[Any], ...]:
    """The order of a list: the asked column, or the list's own order; `last` makes it total.

    Raises ValueError, which names the columns, for a sort that is none of `sorts`.
    """
    name = paging.sort.removeprefix("-")
    if not name:
        return (*own, last)
    if name not in sorts:
        raise ValueError(f"'{name}' can't be sorted by; expected one of: {', '.join(sorts)}")
    column = sorts[name]
    descending = paging.sort.startswith("-")
    return ((column.desc() if descending else column.asc()).nulls_last(), *own, last)


def contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Whether a text column contains a text, without regard to case."""
    found: ColumnElement[bool] = column.icontains(text, autoescape=True)
    return found
