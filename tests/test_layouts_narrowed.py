"""What a form takes over from its page's filters."""

from __future__ import annotations

from typing import Any

import pytest

from layouts.narrowed import taken_over
from pipelines.models import Pipeline

STACK, INVENTORY = "process_fathom_stack", "inventory_fathom_container"


def taken(pipeline: Pipeline, job_type: str, **filters: list[str]) -> tuple[dict[str, Any], str]:
    action = pipeline.action(job_type)
    assert action is not None
    return taken_over(pipeline, action, filters)


def test_filters_go_into_the_fields_that_know_their_grouping(fathom: Pipeline) -> None:
    filters = {"region": ["rwa"], "flood_type": ["fluvial", "Coastal"], "year": ["2020"]}
    given = {"flood_types": ["fluvial", "coastal"], "years": [2020]}
    assert taken(fathom, STACK, **filters) == ({"region_code": "rwa", **given}, "")
    assert taken(fathom, INVENTORY, **filters) == ({"base_prefix": "rwa", **given}, "")


def test_without_filters_nothing_is_taken_over(fathom: Pipeline) -> None:
    assert taken(fathom, STACK) == ({}, "")


@pytest.mark.parametrize(
    ("filters", "values", "left"),
    [
        ({"region": ["rwa", "civ"]}, {}, "Region rwa, civ"),
        ({"defense": ["defended"]}, {}, "Defense defended"),
        ({"year": ["2020", "not set"]}, {"years": [2020]}, "Year not set"),
        ({"flood_type": ["<b>"]}, {}, "Flood Type <b>"),
        ({"region": ["<b>"]}, {"region_code": "<b>"}, None),
    ],
)
def test_what_a_job_can_not_be_narrowed_to_is_told(
    fathom: Pipeline, filters: dict[str, list[str]], values: dict[str, Any], left: str | None
) -> None:
    message = f"Not taken over from the page's filters: {left}." if left else ""
    assert taken(fathom, STACK, **filters) == (values, message)
