"""The options of dropdowns: their texts come from data, of any length, with anything in them."""

from __future__ import annotations

import re

from pipelines.value_keys import SPECIAL

# A dropdown indexes every part of a label, so that its work grows with the square of the length.
LONGEST_LABEL = 80
# As much of a longer value as is seen when the pointer rests on it.
LONGEST_TITLE = 1000
WORD_JOINER = "\u2060"
INSIDE_SPECIAL = re.compile(f"(?<={SPECIAL[:2]})(?={SPECIAL[2:]})", re.IGNORECASE)


def option(value: str | int, label: str | None = None) -> dict[str, str | int]:
    """An option; a long label is shortened in the middle, and whole in the option's title.

    label: what is displayed instead of the value; its end is kept.
    """
    whole = str(value) if label is None else label
    short = {"label": _harmless(shortened(whole)), "value": value}
    return short if len(whole) <= LONGEST_LABEL else {**short, "title": whole[:LONGEST_TITLE]}


def shortened(text: str) -> str:
    """A text of at most LONGEST_LABEL characters, with its beginning and its end."""
    if len(text) <= LONGEST_LABEL:
        return text
    end = LONGEST_LABEL // 3
    return f"{text[: LONGEST_LABEL - end - 1]}…{text[-end:]}"


def _harmless(label: str) -> str:
    """Looks the same, and is no key that means something."""
    return INSIDE_SPECIAL.sub(WORD_JOINER, label)
