"""Progress bars: their segments are true as far as the line goes."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from layouts.bars import bar_values


@pytest.mark.parametrize(
    ("counts", "widths"),
    [
        ((4, 2, 1, 1), (50, 25, 25)),
        ((4, 3, 2, 5), (75, 25, 0)),
        ((3, 4, None, None), (100, 0, 0)),
        ((3, 1, pd.NA, float("nan")), (100 / 3, 0, 0)),
        ((7, 7, 7, 7), (100, 0, 0)),
        ((0, 0, 0, 0), (0, 0, 0)),
    ],
)
def test_a_bar_is_never_longer_than_its_line(
    counts: tuple[Any, ...], widths: tuple[float, ...]
) -> None:
    phase = dict(zip(("total", "completed", "processing", "failed"), counts, strict=True))
    bar = bar_values("phase1", phase).bar
    assert tuple(bar.values()) == pytest.approx(widths)
    assert sum(bar.values()) <= 100
