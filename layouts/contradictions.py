"""Where the tables contradict each other: shown only when they do."""

from __future__ import annotations

import pandas as pd
from dash import html

from layouts import ids
from layouts.formats import format_count
from layouts.page_values import PageValues

KEY = "contradictions"


def contradictions() -> html.Section:
    """A notice, hidden until there is something to say."""
    return html.Section(
        [html.Strong("The tables contradict each other: "), html.Span(id=ids.text(KEY))],
        id=ids.visible(KEY),
        className="notice",
        hidden=True,
    )


def contradiction_values(found: pd.DataFrame) -> PageValues:
    """The notice's values, from one row a kind of contradiction."""
    texts = [
        f"{format_count(count)} {text}"
        for text, count in zip(found["text"], found["count"], strict=True)
    ]
    return PageValues(text={KEY: "; ".join(texts)}, visible={KEY: bool(texts)})
