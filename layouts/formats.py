"""Numbers as text: counts, bytes, percents, durations, rates and times."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pandas as pd

NONE = "–"
UNITS = ("B", "KB", "MB", "GB", "TB", "PB", "EB")
MINUTE, HOUR, DAY = 60, 3600, 86_400
SHORT_ID = 8


def unknown(value: object) -> bool:
    """Whether there is no number: None, NaN, NA or an infinity."""
    if isinstance(value, int | float):
        return not math.isfinite(value)
    return value is None or bool(pd.isna(value))


def format_text(value: object) -> str:
    """The text; nothing for an unknown value."""
    return "" if unknown(value) else str(value)


def known_number(value: Any) -> Any:
    """A number for a cell that shows nothing for an unknown one."""
    return None if unknown(value) else value


def format_count(count: object) -> str:
    """`12,450`; a dash for an unknown value."""
    return NONE if unknown(count) else f"{int(count):,}"  # type: ignore[call-overload]


def format_counted(number: int, noun: str) -> str:
    """`1 job`, `2,500 jobs`."""
    return f"{format_count(number)} {noun}" + ("" if number == 1 else "s")


def format_stage(stage: object, total: object) -> str:
    """`2 of 3`; a dash for an unknown value."""
    return f"{format_count(stage)} of {format_count(total)}"


def format_bytes(size: float) -> str:
    """Decimal units with one decimal, `2.4 TB`; whole bytes."""
    if size < 1000:
        return f"{size:.0f} B"
    power = min(int(math.log10(size) // 3), len(UNITS) - 1)
    if round(size / 1000**power, 1) >= 1000 and power + 1 < len(UNITS):
        power += 1
    return f"{size / 1000**power:.1f} {UNITS[power]}"


def cap_percent(percent: float) -> float:
    """One decimal; 100.0 only for all of it."""
    return round(percent, 1) if percent >= 100 else min(round(percent, 1), 99.9)


def format_percent(percent: float) -> str:
    """`66.1%`; never `100.0%` of a part."""
    return f"{cap_percent(percent):.1f}%"


def format_duration(seconds: float | None) -> str:
    """`45.2s`, `12m 30s`, `3h 20m`, `3d 21h`."""
    if unknown(seconds) or seconds is None:
        return NONE
    if seconds < MINUTE - 0.05:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < HOUR:
        return f"{whole // MINUTE}m {whole % MINUTE}s"
    if whole < DAY:
        return f"{whole // HOUR}h {whole % HOUR // MINUTE}m"
    return f"{whole // DAY}d {whole % DAY // HOUR}h"


def format_rate(rate: float | None, unit: str = "hr", what: str = "") -> str:
    """`80/hr`, or `80 tasks/hr`; one decimal below 10."""
    if unknown(rate) or rate is None:
        return NONE
    number = f"{rate:,.1f}" if round(rate, 1) < 10 else f"{rate:,.0f}"
    return f"{number} {what}/{unit}" if what else f"{number}/{unit}"


def format_memory(megabytes: float | None) -> str:
    """Megabytes as `512.5 MB` or `2.3 GB`."""
    return NONE if unknown(megabytes) or megabytes is None else format_bytes(megabytes * 1e6)


def format_timestamp(timestamp: datetime | None) -> str:
    """A moment in UTC, `2026-01-06 12:00:00 UTC`."""
    if unknown(timestamp) or timestamp is None:
        return NONE
    return timestamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def short_id(job_id: str) -> str:
    """The first characters of a job's id."""
    return f"{job_id[:SHORT_ID]}…" if len(job_id) > SHORT_ID else job_id
