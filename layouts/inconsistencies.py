"""Data inconsistencies: shown only where there are any."""

from __future__ import annotations

import pandas as pd
from dash import html

from layouts import ids
from layouts.formats import format_count
from layouts.page_values import PageValues

KEY = "inconsistencies"


def inconsistencies() -> html.Section:
    """A notice, hidden until there is something to say."""
    return html.Section(
        [html.Strong("Data inconsistencies: "), html.Span(id=ids.text(KEY))],
        id=ids.visible(KEY),
        className="notice",
        hidden=True,
    )


def inconsistency_values(found: pd.DataFrame) -> PageValues:
    """The notice's values, from one row per kind of inconsistency."""
    texts = [
        f"{format_count(count)} {text}"
        for text, count in zip(found["text"], found["count"], strict=True)
    ]
    return PageValues(text={KEY: "; ".join(texts)}, visible={KEY: bool(texts)})
