"""Numbers as text, at the edges where a unit or the number itself ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest

from layouts.formats import (
    NONE,
    format_bytes,
    format_count,
    format_duration,
    format_memory,
    format_percent,
    format_rate,
    format_timestamp,
    short_id,
)

NOTHING = [None, math.nan, pd.NA, pd.NaT]


@pytest.mark.parametrize("nothing", NOTHING, ids=repr)
@pytest.mark.parametrize(
    "format_", [format_count, format_duration, format_memory, format_timestamp, format_rate]
)
def test_what_nobody_knows_is_a_dash(format_: Callable[[Any], str], nothing: object) -> None:
    assert format_(nothing) == NONE


@pytest.mark.parametrize("format_", [format_duration, format_rate, format_count, format_memory])
@pytest.mark.parametrize("endless", [math.inf, -math.inf])
def test_what_never_ends_is_a_dash(format_: Callable[[Any], str], endless: float) -> None:
    assert format_(endless) == NONE


@pytest.mark.parametrize(
    ("count", "displayed"),
    [(0, "0"), (999, "999"), (1000, "1,000"), (11_000_000, "11,000,000"), (12_450.0, "12,450")],
)
def test_counts_have_thousands_separators(count: float, displayed: str) -> None:
    assert format_count(count) == displayed


@pytest.mark.parametrize(
    ("size", "displayed"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (1049, "1.0 KB"),
        (999_949, "999.9 KB"),
        (999_950, "1.0 MB"),
        (999_999_999, "1.0 GB"),
        (10**9, "1.0 GB"),
        (2_400_000_000_000, "2.4 TB"),
        (10**15, "1.0 PB"),
        (999_960_000_000_000_000, "1.0 EB"),
        (10**21, "1000.0 EB"),
    ],
)
def test_bytes_are_in_decimal_units_and_never_a_thousand_of_one(size: int, displayed: str) -> None:
    assert format_bytes(size) == displayed


@pytest.mark.parametrize(
    ("megabytes", "displayed"),
    [(0.0, "0 B"), (512.5, "512.5 MB"), (999.96, "1.0 GB"), (2300, "2.3 GB")],
)
def test_memory_has_the_same_units(megabytes: float, displayed: str) -> None:
    assert format_memory(megabytes) == displayed


@pytest.mark.parametrize(
    ("percent", "displayed"), [(0.0, "0.0%"), (66.1, "66.1%"), (99.97, "99.9%"), (100.0, "100.0%")]
)
def test_percents_have_one_decimal_and_are_never_100_of_a_part(
    percent: float, displayed: str
) -> None:
    assert format_percent(percent) == displayed


@pytest.mark.parametrize(
    ("seconds", "displayed"),
    [
        (0, "0.0s"),
        (45.2, "45.2s"),
        (59.94, "59.9s"),
        (59.97, "1m 0s"),
        (60, "1m 0s"),
        (750, "12m 30s"),
        (3599.4, "59m 59s"),
        (3599.6, "1h 0m"),
        (12_000, "3h 20m"),
        (86_399.4, "23h 59m"),
        (86_399.6, "1d 0h"),
        (334_800, "3d 21h"),
        (400 * 86_400, "400d 0h"),
    ],
)
def test_durations_have_two_units_and_never_sixty_of_one(seconds: float, displayed: str) -> None:
    assert format_duration(seconds) == displayed


@pytest.mark.parametrize(
    ("per_hour", "displayed"),
    [
        (0.4, "0.4/hr"),
        (9.94, "9.9/hr"),
        (9.96, "10/hr"),
        (10, "10/hr"),
        (80.4, "80/hr"),
        (12_345.6, "12,346/hr"),
    ],
)
def test_rates_have_a_decimal_below_ten(per_hour: float, displayed: str) -> None:
    assert format_rate(per_hour) == displayed


def test_a_moment_is_told_in_utc() -> None:
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    timestamp = datetime(2026, 1, 6, 17, 45, tzinfo=kathmandu)
    assert format_timestamp(timestamp) == "2026-01-06 12:00:00 UTC"
    assert format_timestamp(pd.Timestamp(timestamp.astimezone(UTC))) == "2026-01-06 12:00:00 UTC"


@pytest.mark.parametrize(
    ("job_id", "displayed"), [("0123456789ab", "01234567…"), ("job-1", "job-1"), ("", "")]
)
def test_long_ids_are_cut(job_id: str, displayed: str) -> None:
    assert short_id(job_id) == displayed


@pytest.mark.parametrize(("per_minute", "displayed"), [(0.1, "0.1/min"), (26.4, "26/min")])
def test_a_slow_job_does_not_look_as_if_it_stood_still(per_minute: float, displayed: str) -> None:
    assert format_rate(per_minute, "min") == displayed
