"""Reads database values that Python can't represent as unknown, instead of failing a page."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from psycopg2.extensions import (
    PYDATE,
    PYDATETIME,
    PYDATETIMETZ,
    connection,
    new_type,
    register_type,
)

# PostgreSQL's type OIDs.
DATE, TIMESTAMP, TIMESTAMPTZ = 1082, 1114, 1184
MOST_DIGITS = 300
TOO_DEEP = "(nested too deeply to be shown)"


def _known(cast: Any) -> Any:
    """A cast that gives None for infinity and for years outside 1 to 9999."""

    def cast_or_none(value: str | None, cursor: Any) -> Any:
        if value is None or value.endswith("infinity"):
            return None
        try:
            return cast(value, cursor)
        except (ValueError, OverflowError):
            return None

    return cast_or_none


CASTS = [
    new_type((DATE,), "KNOWN_DATE", _known(PYDATE)),
    new_type((TIMESTAMP,), "KNOWN_TIMESTAMP", _known(PYDATETIME)),
    new_type((TIMESTAMPTZ,), "KNOWN_TIMESTAMPTZ", _known(PYDATETIMETZ)),
]


def register(dbapi_connection: connection) -> None:
    """Makes a connection read times that Python can't represent as None."""
    for cast in CASTS:
        register_type(cast, dbapi_connection)


def load_json(text: str) -> Any:
    """A JSON value; numbers that could not be written as JSON again stay text."""
    try:
        return json.loads(text, parse_float=_float, parse_int=_int)
    except RecursionError:
        return TOO_DEEP


def _float(digits: str) -> float | str:
    number = float(digits)
    return number if isfinite(number) else digits


def _int(digits: str) -> int | str:
    return digits if len(digits) > MOST_DIGITS else int(digits)
