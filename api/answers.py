"""Values as JSON: times in UTC, unknown values as null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd
from flask import Response

from queries.paging import ListPage, Paging


def json_response(body: Mapping[str, Any]) -> Response:
    """A JSON answer."""
    try:
        written = orjson.dumps(body)
    except orjson.JSONEncodeError:
        # A column of free JSON may hold numbers that no machine word does.
        written = json.dumps(body).encode()
    return Response(written, mimetype="application/json")


def timestamp_text(timestamp: datetime) -> str:
    """A time as ISO 8601 in UTC."""
    return timestamp.astimezone(UTC).isoformat().replace("+00:00", "Z")


def json_value(value: Any) -> Any:
    """A cell of a frame as JSON has it: null for NaN, NA and NaT, times in UTC."""
    if isinstance(value, datetime) and not pd.isna(value):
        return timestamp_text(value)
    return None if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)) else value


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as JSON has them."""
    return [
        {name: json_value(value) for name, value in row.items()} for row in frame.to_dict("records")
    ]


def rounded(value: float | None, digits: int) -> float | None:
    """A number in as many digits, null for none."""
    return None if value is None or math.isnan(value) else round(value, digits)


def paged(name: str, rows: list[dict[str, Any]], page: ListPage, paging: Paging) -> dict[str, Any]:
    """A page of a list; total_exact is false where there are more rows than `total`."""
    return {
        name: rows,
        "page": paging.page,
        "size": paging.size,
        "total": page.total,
        "total_exact": page.exact,
        "timestamp": timestamp_text(page.as_of),
    }
