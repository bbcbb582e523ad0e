"""The pipeline in five tiles and a line: the summary banner."""

from __future__ import annotations

from typing import Any

from dash import html

from layouts import ids
from layouts.formats import format_bytes, format_count, format_duration, format_percent, format_rate
from layouts.leaves import Leaves
from pipelines.models import Pipeline

HOUR = 3600


def banner(pipeline: Pipeline) -> html.Section:
    """The tiles: total, one a phase, failed, complete; then rate, ETA and bytes."""
    phases = [
        _tile(f"{phase.id}.completed", f"Phase {number} complete", phase.name)
        for number, phase in enumerate(pipeline.phases, start=1)
    ]
    return html.Section(
        [
            html.Div(
                [
                    _tile("total", "Total files"),
                    *phases,
                    _tile("failed", "Failed", _failed_of(pipeline)),
                    _tile("complete", "Complete", "files through the last phase"),
                ],
                className="tiles",
            ),
            html.P(
                [html.Span(id=ids.text(key)) for key in ("rate", "eta", "bytes")],
                className="facts",
            ),
        ],
        className="banner",
    )


def _failed_of(pipeline: Pipeline) -> str:
    known = [phase.has_tasks for phase in pipeline.phases]
    if all(known):
        return "files, all phases"
    return "files, phases with tasks" if any(known) else "no phase names its tasks"


def _tile(key: str, label: str, note: str = "") -> html.Div:
    return html.Div(
        [
            html.Div(id=ids.text(key), className="number"),
            html.Div(label, className="label"),
            html.Div(note, className="note"),
        ],
        className="tile",
    )


def banner_values(summary: Any) -> Leaves:
    """The banner's leaves from a Summary; the phases' own come with their cards."""
    unsized = (
        f" (size unknown for {format_count(summary.unsized_files)} files)"
        if summary.unsized_files
        else ""
    )
    return Leaves(
        text={
            "total": format_count(summary.total_files),
            "failed": format_count(summary.failed),
            "complete": format_percent(summary.percent),
            "rate": _rate(summary),
            "eta": _eta(summary),
            "bytes": f"{format_bytes(summary.completed_bytes)} of "
            f"{format_bytes(summary.total_bytes)} processed{unsized}",
        }
    )


def _rate(summary: Any) -> str:
    if summary.rate_per_hour is None:
        return "Processing: no rate"
    return f"Processing: {format_rate(summary.rate_per_hour)} in {summary.rate_phase}"


def _eta(summary: Any) -> str:
    if summary.eta_hours is not None:
        return f"ETA: {format_duration(summary.eta_hours * HOUR)}"
    return (
        f"ETA: {summary.eta_reason}"
        if summary.eta_reason == "done"
        else (f"ETA: none – {summary.eta_reason}")
    )
