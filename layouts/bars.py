"""Progress bars: completed, processing and failed as segments of one line."""

from __future__ import annotations

from typing import Any

from dash import html

from layouts import ids
from layouts.aria import aria
from layouts.formats import unknown
from layouts.page_values import PageValues

SEGMENTS = ("completed", "processing", "failed")


def progress_bar(key: str) -> html.Div:
    """A bar without width. Its numbers stand beside it as text, so it is hidden from readers."""
    segments = [
        html.Div(id=ids.bar(f"{key}.{segment}"), className=f"segment {segment}")
        for segment in SEGMENTS
    ]
    return html.Div(segments, className="bar", **aria(hidden="true"))


def bar_values(key: str, phase: Any) -> PageValues:
    """The segments' widths in percent, from a phase's counts; together never more than the bar."""
    left, widths = 100.0, {}
    for segment in SEGMENTS:
        count = 0 if unknown(phase[segment]) else int(phase[segment])
        width = min(left, 100.0 * count / phase["total"]) if phase["total"] else 0.0
        widths[f"{key}.{segment}"] = width
        left -= width
    return PageValues(bar=widths)
