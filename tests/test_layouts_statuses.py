"""Statuses: a symbol for those that are known."""

from __future__ import annotations

import pytest

from layouts.statuses import format_status


@pytest.mark.parametrize(
    ("status", "displayed"),
    [
        ("paused_by_operator", "paused_by_operator"),
        ("completed_with_errors", "! completed with errors"),
        ("failed", "✕ failed"),
        ("", "–"),
    ],
)
def test_a_status_has_a_symbol_and_an_unknown_one_is_shown_as_it_is(
    status: str, displayed: str
) -> None:
    assert format_status(status) == displayed
