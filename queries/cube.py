"""The cube: counts of files by every combination of grouping values.

Whatever is filtered or grouped on a screen is a sum over its rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Float,
    and_,
    cast,
    extract,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.sql.expression import TableClause

from database.tables import grouping_value, source_files
from pipelines.models import Phase, Pipeline
from pipelines.value_keys import MARK, value_key
from queries.frames import REAL, TEXT, WHOLE, read_frame

NOT_SET = "not set"

# What a sum of sizes is at the most: beyond it nobody has files.
LARGEST_SUM = 2**60
LARGEST: ColumnElement[int] = literal_column(str(LARGEST_SUM))
# Times beyond these are no times of work: infinity, a mistyped year. Arithmetic with them may fail.
EARLIEST: ColumnElement[Any] = literal_column("'0001-01-02'")
LATEST: ColumnElement[Any] = literal_column("'9999-12-30'")
# Completions are kept by minute, so the last hour begins with one.
WINDOW_START = func.date_trunc("minute", func.now() - text("interval '1 hour'"))

# The values that the tables hold for each filtered grouping.
StoredValues = Sequence[tuple[str, tuple[str | None, ...]]]


def dimension(field: str) -> str:
    """The column of a grouping's values in the cube; no measure has such a name."""
    return f"by:{field}"


def cube(connection: Connection, pipeline: Pipeline) -> pd.DataFrame:
    """One row per combination of grouping values that occurs.

    Columns: `by:{field}` a grouping; total, unsized (files), bytes; and for each phase
    `{id}_completed`, `{id}_eligible`, `{id}_ahead` (completed though the phase before is not),
    `{id}_recent` (completed in the window), `{id}_future` (in a minute to come) in files,
    `{id}_bytes` (completed) and `{id}_first` (the first minute of the window with a completion,
    seconds since 1970, NaN for none). The window begins with the minute of an hour ago.
    """
    files = source_files(pipeline)
    dimensions = [grouping_value(files, grouping) for grouping in pipeline.groupings]
    measures = _measures(files, pipeline)
    query = (
        select(*dimensions, *(measure for _, measure in measures.values()))
        .where(files.c.etl_type == pipeline.etl_type)
        .group_by(*dimensions)
    )
    dtypes = dict.fromkeys(map(dimension, pipeline.dimensions), TEXT)
    dtypes |= {name: dtype for name, (dtype, _) in measures.items()}
    counted = read_frame(connection, query, dtypes)
    # Without groupings an empty table still answers with one row of zeros.
    return counted[counted["total"] > 0].reset_index(drop=True)


def stored_in(
    pipeline: Pipeline, files: TableClause, stored: StoredValues
) -> list[ColumnElement[bool]]:
    """The conditions of files with one of the stored values (None for no value) of every field."""
    groupings = {grouping.field: grouping for grouping in pipeline.groupings}
    conditions = []
    for field, wanted in stored:
        value = grouping_value(files, groupings[field])
        is_listed = value.in_([one for one in wanted if one is not None])
        conditions.append(or_(is_listed, value.is_(None)) if None in wanted else is_listed)
    return conditions


def completed_at(files: TableClause, phase: Phase) -> ColumnElement[Any]:
    """When a file was completed in a phase; a naive time is in the server's zone."""
    timestamp: ColumnElement[Any] = cast(files.c[phase.completed_field], DateTime(timezone=True))
    return timestamp


def _measures(files: TableClause, pipeline: Pipeline) -> dict[str, tuple[str, ColumnElement[Any]]]:
    size = files.c.file_size_bytes
    measures: dict[str, tuple[str, ColumnElement[Any]]] = {
        "total": (WHOLE, func.count()),
        "unsized": (WHOLE, func.count().filter(size.is_(None))),
        "bytes": (WHOLE, sum_of_sizes(size)),
    }
    for before, phase in pairwise([None, *pipeline.phases]):
        assert phase is not None
        done = files.c[phase.completed_field].isnot(None)
        ready = files.c[before.completed_field].isnot(None) if before else literal(True)
        at = completed_at(files, phase)
        recent = and_(at >= WINDOW_START, at <= func.now())
        future = and_(func.date_trunc("minute", at) > func.now(), at <= LATEST)
        measures |= {
            f"{phase.id}_completed": (WHOLE, func.count().filter(done)),
            f"{phase.id}_eligible": (WHOLE, func.count().filter(and_(ready, ~done))),
            f"{phase.id}_ahead": (WHOLE, func.count().filter(and_(done, ~ready))),
            f"{phase.id}_recent": (WHOLE, func.count().filter(recent)),
            f"{phase.id}_future": (WHOLE, func.count().filter(future)),
            f"{phase.id}_bytes": (WHOLE, sum_of_sizes(size, done)),
            f"{phase.id}_first": (REAL, _minute(func.min(at).filter(recent))),
        }
    return measures


def _minute(at: ColumnElement[Any]) -> ColumnElement[float]:
    return cast(extract("epoch", func.date_trunc("minute", at)), Float)


def sum_of_sizes(
    size: ColumnElement[int], where: ColumnElement[bool] | None = None
) -> ColumnElement[Any]:
    """The sum of sizes, of the files that the condition is true for; at most LARGEST_SUM."""
    total = func.sum(size) if where is None else func.sum(size).filter(where)
    return cast(func.least(func.greatest(func.coalesce(total, 0), -LARGEST), LARGEST), BigInteger)


def name_missing(frame: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """The frame with each grouping's missing values under that grouping's label.

    Groupings become categories: what is grouped over and over is compared as small numbers.
    """
    named = {dimension(field): label for field, label in labels.items()}
    return frame.fillna(named).astype(dict.fromkeys(named, "category"))


def missing_labels(frame: pd.DataFrame, pipeline: Pipeline) -> dict[str, str]:
    """What to call the files without a value of a grouping: never like a value that occurs."""
    return {field: label_of_missing(set(frame[dimension(field)])) for field in pipeline.dimensions}


def label_of_missing(values: Collection[str]) -> str:
    """What is not set, in brackets if that is one of the values."""
    label = NOT_SET
    while label in values:
        label = f"({label})"
    return label


def narrow(frame: pd.DataFrame, filters: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """The rows that have one of the wanted values in every filtered grouping."""
    for field, wanted in filters.items():
        if wanted:
            values = frame[dimension(field)]
            # Each category is looked at once, however many rows have it.
            keep = values.array.categories.isin(list(meant(values, wanted)))
            frame = frame[keep[values.array.codes]]
    return frame


def meant(values: pd.Series, wanted: Sequence[str]) -> set[str]:
    """The values that occur in the categorical column and are meant by the wanted ones.

    A value that does not occur as written is compared without regard to case, as regions are
    stored in lower case and written in upper case. A key (pipelines.value_keys) means its value.
    """
    categories = values.array.categories
    occurring = np.bincount(values.array.codes, minlength=len(categories)) > 0
    values = set(categories[occurring])
    casefolded = {value.casefold() for value in wanted if value not in values}
    keys = {value for value in casefolded if value.startswith(MARK)}
    return {
        value
        for value in values
        if value in wanted or value.casefold() in casefolded or (keys and value_key(value) in keys)
    }
