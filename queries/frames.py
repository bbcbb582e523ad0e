"""Statements into frames whose columns and dtypes do not depend on how many rows there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.sql.selectable import TypedReturnsRows

from database.engine import limit_connection
from database.limits import GRACE

WHOLE, WHOLE_OR_NONE, REAL, TEXT, TIMESTAMP = (
    "int64",
    "Int64",
    "float64",
    "str",
    "datetime64[us, UTC]",
)


def read_frame(
    connection: Connection, query: TypedReturnsRows[*tuple[Any, ...]], dtypes: Mapping[str, str]
) -> pd.DataFrame:
    """The query's rows under the names and dtypes of `dtypes`, in their order."""
    return frame(connection.execute(query).all(), dtypes)


def frame(rows: Sequence[Any], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """Rows under the names and dtypes of `dtypes`, in their order."""
    columns = list(zip(*rows, strict=True)) or [()] * len(dtypes)
    return pd.DataFrame(
        {
            name: _column(values, dtype)
            for (name, dtype), values in zip(dtypes.items(), columns, strict=True)
        }
    )


def _column(values: tuple[object, ...], dtype: str) -> Any:
    # Frames are made at every refresh: what numpy knows needs no Series and no astype.
    if dtype == TIMESTAMP:
        return pd.Series(pd.to_datetime(list(values), utc=True)).astype(TIMESTAMP)
    if dtype in (WHOLE, REAL):
        return np.array(values, dtype=dtype)
    if dtype == "object":
        return pd.Series(list(values), dtype=dtype)
    return pd.array(list(values), dtype=dtype)


@contextmanager
def read_transaction(engine: Engine, timeout: float) -> Iterator[Connection]:
    """A read-only transaction that sees one snapshot; each statement may take `timeout` seconds."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        limit_connection(connection, timeout + GRACE)
        milliseconds = str(int(timeout * 1000))
        connection.execute(select(func.set_config("statement_timeout", milliseconds, True)))
        yield connection


def timestamp(connection: Connection) -> datetime:
    """The database's clock at the start of the transaction, with its offset."""
    now: datetime = connection.execute(select(func.now())).scalar_one()
    return now
