"""Answers that are CSV files (RFC 4180), written while they are read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from flask import Response

from api.answers import timestamp_text
from queries.frames import TEXT

# A spreadsheet takes text that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_file(
    name: str, dtypes: Mapping[str, str], batches: Iterator[Sequence[Sequence[Any]]]
) -> Response:
    """Rows as a file to download; `dtypes` are the columns' names and dtypes (queries/frames.py).

    Raises what the first batch raises: only later can an error no longer be told, and then the
    download breaks off instead of ending early.
    """
    first = next(batches, ())
    lines = _lines(list(dtypes), list(dtypes.values()), chain([first], batches))
    response = Response(lines, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(name)}.csv"'
    # A client that disconnects leaves no cursor open.
    response.call_on_close(getattr(batches, "close", lambda: None))
    return response


def _lines(
    header: list[str], kinds: list[str], batches: Iterable[Sequence[Sequence[Any]]]
) -> Iterator[str]:
    yield _written([header])
    for batch in batches:
        yield _written(
            [_cell(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in batch
        )


def _written(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _cell(value: Any, kind: str) -> Any:
    if isinstance(value, datetime):
        return timestamp_text(value)
    if kind == TEXT and value is not None and str(value).startswith(FORMULA):
        return f"'{value}"
    return value


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)
