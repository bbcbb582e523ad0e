"""The pipeline in five tiles and a line: the summary banner."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html

from layouts import ids
from layouts.formats import format_bytes, format_count, format_duration, format_percent, format_rate
from layouts.links import Filters, group_link, pipeline_link
from layouts.page_values import PageValues
from pipelines.models import Pipeline

HOUR = 3600
READ_MODE = "read-mode"


def banner(pipeline: Pipeline) -> html.Section:
    """The tiles: total, one per phase, failed, complete; then rate, ETA and bytes."""
    phases = [
        _tile(f"{phase.id}.completed", f"Phase {number} complete", phase.name, leads=True)
        for number, phase in enumerate(pipeline.phases, start=1)
    ]
    return html.Section(
        [
            html.Div(
                [
                    _tile("total", "Total files"),
                    *phases,
                    _tile("failed", "Failed", _failed_of(pipeline), leads=True),
                    _tile("complete", "Complete", "all phases done"),
                ],
                className="tiles",
            ),
            html.P(
                [html.Span(id=ids.text(key)) for key in ("rate", "eta", "bytes", READ_MODE)],
                className="facts",
            ),
        ],
        className="banner",
    )


def _failed_of(pipeline: Pipeline) -> str:
    have_tasks = [phase.has_tasks for phase in pipeline.phases]
    if all(have_tasks):
        return "files, all phases"
    return "files, phases with tasks" if any(have_tasks) else "no phase names its tasks"


def _tile(key: str, label: str, note: str = "", leads: bool = False) -> html.Div:
    number = html.Span(id=ids.text(key))
    displayed = dcc.Link(number, href="", id=ids.href(f"tile.{key}")) if leads else number
    return html.Div(
        [
            html.Div(displayed, className="number"),
            html.Div(label, className="label"),
            *([html.Div(note, className="note")] if note else []),
        ],
        className="tile",
    )


def banner_values(
    summary: Any, phases: Sequence[Mapping[str, Any]], pipeline: Pipeline, chosen: Filters
) -> PageValues:
    """The banner's values, from a Summary and one row per phase. Its numbers link to groups."""
    unsized = (
        f" (size unknown for {format_count(summary.unsized_files)} files)"
        if summary.unsized_files
        else ""
    )
    return PageValues(
        href=_leads(phases, pipeline, chosen),
        text={
            **{f"{phase['phase']}.completed": format_count(phase["completed"]) for phase in phases},
            "total": format_count(summary.total_files),
            "failed": format_count(summary.failed),
            "complete": format_percent(summary.percent),
            "rate": _rate(summary),
            "eta": _eta(summary),
            "bytes": f"{format_bytes(summary.completed_bytes)} of "
            f"{format_bytes(summary.total_bytes)} processed{unsized}",
        },
    )


def read_mode_values(read_mode: Any) -> PageValues:
    """How the numbers were read, from a ReadMode."""
    if read_mode.rollups:
        return PageValues(text={READ_MODE: "Read from rollups"})
    # Whole seconds: what differs by a blink is no news.
    because = f": {read_mode.reason}" if read_mode.reason else ""
    return PageValues(
        text={READ_MODE: f"Counted from the tables in {math.ceil(read_mode.seconds)} s{because}"}
    )


def _leads(
    phases: Sequence[Mapping[str, Any]], pipeline: Pipeline, chosen: Filters
) -> dict[str, str]:
    leads = {
        f"tile.{phase['phase']}.completed": group_link(
            pipeline.id, phase["phase"], "completed", chosen
        )
        for phase in phases
    }
    # The sum of all phases leads to the phase that has most of it.
    worst = max(phases, key=lambda phase: phase["failed"] or 0)
    leads["tile.failed"] = (
        group_link(pipeline.id, worst["phase"], "failed", chosen)
        if worst["failed"]
        else pipeline_link(pipeline.id, chosen)
    )
    return leads


def _rate(summary: Any) -> str:
    if summary.rate_per_hour is None:
        if summary.tasks_per_minute is None:
            return "Rate: measuring" if summary.measuring else "Rate: none"
        tasks = format_rate(summary.tasks_per_minute, "min", "tasks")
        return f"Processing: {tasks}, no rate of files yet"
    return f"Processing: {format_rate(summary.rate_per_hour)} in {summary.rate_phase}"


def _eta(summary: Any) -> str:
    if summary.eta_hours is not None:
        return f"ETA: {format_duration(summary.eta_hours * HOUR)}{_left_to_you(summary.failed)}"
    return (
        f"ETA: {summary.eta_reason}"
        if summary.eta_reason == "done"
        else (f"ETA: none – {summary.eta_reason}")
    )


def _left_to_you(failed: int | None) -> str:
    """The failed files, which the ETA leaves out."""
    if not failed:
        return ""
    need = "file needs" if failed == 1 else "files need"
    return f"; {format_count(failed)} failed {need} you"
