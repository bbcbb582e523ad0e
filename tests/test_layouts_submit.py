"""The submit forms: a control for each parameter, and its value on the way back."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
import pytest
from dash import dcc, html

from layouts import ids
from layouts.submit import (
    MOST_SUGGESTIONS,
    form,
    given,
    known_values,
    names,
    opener,
    unreadable,
)
from pipelines.models import SubmitAction
from pipelines.parameters import check_parameters
from pipelines.registry import Registry, load_registry
from tests.trees import components, find, ids_of, slot_ids, text_of, written

BUILT_IN = [action for pipeline in load_registry().values() for action in pipeline.submit_actions]
EDGES = ("west", "south", "east", "north")


def make_action(**parameter: Any) -> SubmitAction:
    """An action whose only parameter is `p`."""
    return SubmitAction.model_validate(
        {"job_type": "survey", "label": "Go", "parameters": [{"name": "p", **parameter}]}
    )


def control(action: SubmitAction, name: str = "p") -> Any:
    return find(form(action), ids.field(action.job_type, name))


def untouched(action: SubmitAction) -> dict[str, Any]:
    """What the fields hold when the form is opened."""
    return {name: getattr(control(action, name), "value", None) for name in names(action)}


@pytest.mark.parametrize(
    ("parameter", "component", "properties"),
    [
        ({"type": "string"}, dbc.Input, {"type": "text"}),
        ({"type": "string", "default": "x"}, dbc.Input, {"type": "text", "value": "x"}),
        ({"type": "string", "choices": ["a", "b"], "default": "b"}, dcc.Dropdown, {"value": "b"}),
        (
            {"type": "integer", "min": 1, "max": 9, "default": 4},
            dbc.Input,
            {"type": "number", "min": 1, "max": 9, "value": 4},
        ),
        ({"type": "integer", "min": 1}, dbc.Input, {"type": "text", "inputmode": "numeric"}),
        ({"type": "integer", "choices": [1, 2]}, dcc.Dropdown, {"multi": False}),
        ({"type": "boolean"}, dbc.Switch, {"value": False}),
        ({"type": "boolean", "default": True}, dbc.Switch, {"value": True}),
        ({"type": "list"}, dbc.Input, {"type": "text"}),
        ({"type": "list", "default": ["a", "b"]}, dbc.Input, {"type": "text", "value": "a, b"}),
        ({"type": "list", "choices": ["a", "b"]}, dcc.Dropdown, {"multi": True}),
        ({"type": "integer_list", "default": [1, 2]}, dbc.Input, {"value": "1, 2"}),
        (
            {"type": "integer_list", "choices": [1, 2], "default": [2]},
            dcc.Dropdown,
            {"multi": True, "value": [2]},
        ),
    ],
)
def test_every_type_has_its_control_with_the_default_in_it(
    parameter: dict[str, Any], component: type, properties: dict[str, Any]
) -> None:
    field = control(make_action(**parameter))
    assert isinstance(field, component)
    assert {name: getattr(field, name) for name in properties} == properties


def test_a_list_of_a_grouping_is_chosen_from_its_known_values(registry: Registry) -> None:
    known = {"region": ["civ", "rwa"], "year": ["2020", "not set"]}
    regions = make_action(type="list", grouping="region", default=["gha"])
    years = make_action(type="integer_list", grouping="year")
    fields = [find(form(action, known), ids.field("survey", "p")) for action in (regions, years)]
    options = [[option["value"] for option in field.options] for field in fields]
    assert options == [["civ", "rwa", "gha"], [2020]]
    assert [(field.multi, field.searchable) for field in fields] == [(True, True)] * 2


def test_bounds_are_told_beside_the_field() -> None:
    assert "2 to 10." in text_of(form(make_action(type="integer", min=2, max=10, default=4)))


@pytest.mark.parametrize(
    ("value", "mistakes"), [(None, {"p": "expected 2 to 10"}), ("", {"p": "expected 2 to 10"})]
)
def test_a_number_that_the_browser_keeps_for_itself_is_a_mistake(
    value: Any, mistakes: dict[str, str]
) -> None:
    action = make_action(type="integer", min=2, max=10, default=4)
    assert unreadable(action, {"p": value}) == mistakes
    assert unreadable(action, {"p": 99}) == {}
    assert unreadable(make_action(type="integer"), {"p": value}) == {}


def test_a_bounding_box_has_a_number_for_each_edge() -> None:
    action = make_action(type="bbox", default=[28, -3, 31, 0])
    fields = [control(action, f"p.{edge}") for edge in EDGES]
    assert [field.type for field in fields] == ["number"] * 4
    assert [field.value for field in fields] == [28, -3, 31, 0]


@pytest.mark.parametrize("action", BUILT_IN, ids=lambda action: action.job_type)
def test_the_names_are_those_of_the_fields(action: SubmitAction) -> None:
    own = (getattr(component, "id", None) for component in components(form(action)))
    assert [i["field"] for i in own if isinstance(i, dict) and "field" in i] == names(action)


@pytest.mark.parametrize("action", BUILT_IN, ids=lambda action: action.job_type)
def test_every_field_has_a_label_and_a_place_for_its_mistake(action: SubmitAction) -> None:
    dialog = form(action)
    labels = [part.htmlFor for part in components(dialog) if isinstance(part, html.Label)]
    first = [names(action.model_copy(update={"parameters": (p,)}))[0] for p in action.parameters]
    assert labels == [written(ids.field(action.job_type, name)) for name in first]
    assert {written(ids.mistake(action.job_type, p.name)) for p in action.parameters} <= set(
        ids_of(dialog)
    )


@pytest.mark.parametrize("action", BUILT_IN, ids=lambda action: action.job_type)
def test_the_untouched_form_with_its_required_fields_is_accepted(action: SubmitAction) -> None:
    required = {p.name: "rwa" for p in action.parameters if p.required}
    assert set(required) <= {"region_code"}
    filled = {**untouched(action), **required}
    assert check_parameters(action, given(action, filled)) == check_parameters(action, required)


@pytest.mark.parametrize(
    ("parameter", "values", "parameters"),
    [
        (
            "bbox",
            {f"p.{e}": n for e, n in zip(EDGES, (28, -3, 31, 0), strict=True)},
            [28, -3, 31, 0],
        ),
        ("bbox", {"p.west": None, "p.south": "", "p.east": None}, None),
        ("bbox", {"p.west": 28}, [28, None, None, None]),
        ("bbox", {f"p.{edge}": 0 for edge in EDGES}, [0, 0, 0, 0]),
        ("list", {"p": " a, b ,,"}, ["a", "b"]),
        ("list", {"p": ["a", "b"]}, ["a", "b"]),
        ("list", {"p": ""}, []),
        ("list", {"p": None}, None),
        ("integer_list", {"p": "2020, 2030"}, ["2020", "2030"]),
        ("string", {"p": "a, b"}, "a, b"),
        ("boolean", {"p": False}, False),
        ("integer", {}, None),
    ],
)
def test_what_the_fields_hold_becomes_the_parameter(
    parameter: str, values: dict[str, Any], parameters: Any
) -> None:
    assert given(make_action(type=parameter), values) == {"p": parameters}


def test_what_is_required_says_so() -> None:
    assert "P (required)" in text_of(form(make_action(required=True)))
    assert "required" not in text_of(form(make_action()))


def test_known_values_are_on_the_page_once_and_not_too_many(registry: Registry) -> None:
    regions = [f"region-{number}" for number in range(1000)]
    actions = registry["fathom"].submit_actions
    (known,) = known_values(actions, {"region": regions})
    assert [option.value for option in known.children] == regions[:MOST_SUGGESTIONS]
    assert {control(actions[1], "region_code").list, control(actions[0], "base_prefix").list} == {
        known.id
    }


def test_a_disabled_button_says_why() -> None:
    (button,) = [p for p in components(opener(make_action(), "No.")) if isinstance(p, html.Button)]
    assert (button.disabled, button.title) == (True, "No.")
    assert "No." in text_of(opener(make_action(), "No."))


def test_a_button_that_works_says_nothing_more() -> None:
    (button,) = [p for p in components(opener(make_action(), None)) if isinstance(p, html.Button)]
    assert (button.disabled, button.title) == (False, "")


def test_a_form_has_no_leaves_that_a_tick_would_write() -> None:
    assert [slot for action in BUILT_IN for slot in slot_ids(form(action))] == []
