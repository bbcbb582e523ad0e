"""What is accepted as a job's parameters."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.models import SubmitAction
from pipelines.parameters import ParameterErrors, check_parameters
from pipelines.registry import Registry


@pytest.fixture
def merge(registry: Registry) -> SubmitAction:
    action = registry.action("process_fathom_merge")
    assert action is not None
    return action


def test_defaults_are_filled_in_and_what_has_none_is_left_out(merge: SubmitAction) -> None:
    checked = check_parameters(merge, {"region_code": " rwa ", "years": [], "bbox": None})
    assert checked["region_code"] == "rwa"
    assert checked["grid_size"] == 4
    assert "years" not in checked
    assert "bbox" not in checked


@pytest.mark.parametrize(
    ("field", "value", "checked"),
    [
        ("grid_size", "3", 3),
        ("grid_size", 3.0, 3),
        ("years", ["2020", 2030, 2020], [2020, 2030]),
        ("flood_types", ["fluvial"], ["fluvial"]),
        ("bbox", ["28", -3, 31, 0], [28.0, -3.0, 31.0, 0.0]),
        ("bbox", [-180, -90, 180, 90], [-180.0, -90.0, 180.0, 90.0]),
        ("dry_run", True, True),
    ],
)
def test_good_values_get_their_type(
    merge: SubmitAction, field: str, value: Any, checked: Any
) -> None:
    assert check_parameters(merge, {"region_code": "rwa", field: value})[field] == checked


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("region_code", None, "is required"),
        ("region_code", 7, "expected text, got 7"),
        ("region_code", "a\0b", "printable"),
        ("grid_size", 11, "expected 2 to 10, got 11"),
        ("grid_size", "three", "expected a whole number"),
        ("grid_size", True, "expected a whole number"),
        ("grid_size", 3.5, "expected a whole number"),
        ("years", [1999], "expected one of 2020, 2030, 2050, 2080; got 1999"),
        ("years", "2020", "expected a list"),
        ("years", [{}], "plain values"),
        ("bbox", [1, 2, 3], "four numbers"),
        ("bbox", [31, -3, 28, 0], "west < east"),
        ("bbox", [28, 3, 31, 0], "south < north"),
        ("bbox", [28, -3, 28, 0], "west < east"),
        ("bbox", [28, -3, 31, -3], "south < north"),
        ("bbox", [-181, -3, 31, 0], "-180 ≤ west"),
        ("bbox", [28, -3, 181, 0], "≤ 180"),
        ("bbox", [28, -91, 31, 0], "-90 ≤ south"),
        ("bbox", [28, -3, 31, 91], "≤ 90"),
        ("bbox", ["nan", -3, 31, 0], "west < east"),
        ("dry_run", "yes", "true or false"),
        ("colour", "red", "is not a parameter of this job"),
    ],
)
def test_bad_values_are_told_at_their_field(
    merge: SubmitAction, field: str, value: Any, message: str
) -> None:
    with pytest.raises(ParameterErrors) as error:
        check_parameters(merge, {"region_code": "rwa", field: value})
    assert list(error.value.messages) == [field]
    assert message in error.value.messages[field]


def test_all_mistakes_are_told_at_once(merge: SubmitAction) -> None:
    with pytest.raises(ParameterErrors) as error:
        check_parameters(merge, {"grid_size": 0, "years": [1]})
    assert set(error.value.messages) == {"region_code", "grid_size", "years"}
