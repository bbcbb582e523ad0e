"""Texts of files' names and errors that PostgreSQL can't store as they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from database.storable import storable, storable_json
from jobs.stages import TaskError, as_json


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("café 🙂 \\u0000 \\udce9", "café 🙂 \\u0000 \\udce9"),
        ("a\0b", "ab"),
        ("caf\udce9.jpg", "caf\\udce9.jpg"),
        ({"a\0": ["\ud83d", ["x\0", 1, None]]}, {"a": ["\\ud83d", ["x", 1, None]]}),
        (1.5, 1.5),
    ],
)
def test_texts_are_changed_only_where_they_can_not_be_stored(value: Any, stored: Any) -> None:
    assert json.loads(storable_json(value)) == stored
    assert not isinstance(value, str) or storable(value) == stored


def test_a_deep_value_is_stored_as_deep_as_json_goes() -> None:
    deep: Any = "caf\udce9.jpg"
    for _ in range(800):
        deep = [deep]
    assert storable_json(deep).count("[") == 800
    assert as_json(deep, "It", exactly=False)


@pytest.mark.parametrize("value", ["a\0b", {"name": "caf\udce9.jpg"}, {"caf\udce9.jpg": 1}])
def test_parameters_that_would_be_changed_are_refused(value: Any) -> None:
    with pytest.raises(TaskError, match=r"^It can't be stored: it has NUL characters or"):
        as_json(value, "It")
    assert as_json(value, "It", exactly=False)
