"""Texts of files' names and errors that PostgreSQL can't store as they are."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.stages import TaskError, as_json
from jobs.storable import storable


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("café 🙂 \\u0000 \\udce9", "café 🙂 \\u0000 \\udce9"),
        ("a\0b", "ab"),
        ("caf\udce9.jpg", "caf\\udce9.jpg"),
        ({"a\0": ["\ud83d", ("x\0", 1, None)]}, {"a": ["\\ud83d", ("x", 1, None)]}),
        (1.5, 1.5),
    ],
)
def test_texts_are_changed_only_where_they_can_not_be_stored(value: Any, stored: Any) -> None:
    assert storable(value) == stored


@pytest.mark.parametrize("value", ["a\0b", {"name": "caf\udce9.jpg"}, {"caf\udce9.jpg": 1}])
def test_parameters_that_would_be_changed_are_refused(value: Any) -> None:
    with pytest.raises(TaskError, match=r"^It can't be stored: it has NUL characters or"):
        as_json(value, "It")
    assert as_json(value, "It", exactly=False)
