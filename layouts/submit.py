"""The submit forms: made from a submit action's parameters, one dialog each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.aria import aria
from layouts.formats import short_id
from layouts.links import job_link
from layouts.statuses import format_status
from pipelines.models import Parameter, SubmitAction

EDGES = ("west", "south", "east", "north")
# Each is a component, and a page of more than about 500 is slow to open.
MOST_SUGGESTIONS = 120


def opener(action: SubmitAction, refusal: str | None) -> html.Div:
    """The button that opens a form; a disabled one says why."""
    return html.Div(
        [
            html.Button(
                [html.Span(action.icon, **aria(hidden="true")), f" {action.label}"],
                id=ids.opener(action.job_type),
                className="button",
                disabled=refusal is not None,
                title=refusal or "",
            ),
            *([html.P(refusal, className="note")] if refusal else []),
        ]
    )


def form(action: SubmitAction) -> dbc.Modal:
    """An action's dialog; its fields suggest what `known_values` has put on the page."""
    job_type = action.job_type
    fields = [_row(job_type, parameter) for parameter in action.parameters]
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(action.label)),
            dbc.ModalBody([html.Div(fields, className="fields")]),
            dbc.ModalFooter(
                [
                    html.Div(id=ids.answer(job_type), className="answer", role="status"),
                    html.Button("Submit", id=ids.send(job_type), className="button strong"),
                ]
            ),
        ],
        id=ids.form(job_type),
        scrollable=True,
        centered=True,
    )


def known_values(
    actions: Sequence[SubmitAction], suggestions: Mapping[str, Sequence[str]]
) -> list[html.Datalist]:
    """The known values of each grouping that a parameter names, once for all the forms."""
    groupings = {p.grouping: None for action in actions for p in action.parameters if p.grouping}
    return [
        html.Datalist(
            [html.Option(value=value) for value in suggestions.get(field, ())[:MOST_SUGGESTIONS]],
            id=_known_id(field),
        )
        for field in groupings
    ]


def names(action: SubmitAction) -> list[str]:
    """The names of the form's fields; a bounding box has four."""
    return [name for parameter in action.parameters for name in _names(parameter)]


def given(action: SubmitAction, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters behind a form's values, to be checked: none where a field is empty."""
    return {parameter.name: _given(parameter, values) for parameter in action.parameters}


def told(job_id: str, created: bool, status: str) -> list[Component | str]:
    """What a submission came to, with a link to the job."""
    link = dcc.Link(f"Job {short_id(job_id)}", href=job_link(job_id))
    if created:
        return [link, " submitted."]
    return [link, f" with these parameters exists already ({format_status(status)})."]


def _names(parameter: Parameter) -> list[str]:
    if parameter.type == "bbox":
        return [f"{parameter.name}.{edge}" for edge in EDGES]
    return [parameter.name]


def _given(parameter: Parameter, values: Mapping[str, Any]) -> Any:
    found = [values.get(name) for name in _names(parameter)]
    if parameter.type == "bbox":
        empty = all(value in (None, "") for value in found)
        return None if empty else found
    if parameter.type in ("list", "integer_list") and isinstance(found[0], str):
        return [part.strip() for part in found[0].split(",") if part.strip()]
    return found[0]


def _row(job_type: str, parameter: Parameter) -> html.Div:
    title = parameter.title + (" (required)" if parameter.required else "")
    return html.Div(
        [
            html.Label(title, htmlFor=_dom_id(ids.field(job_type, _names(parameter)[0]))),
            _control(job_type, parameter),
            html.Div(id=ids.mistake(job_type, parameter.name), className="mistake", role="alert"),
            html.Div(parameter.help, className="note"),
        ],
        className="field",
        role="group",
        **aria(describedby=_dom_id(ids.mistake(job_type, parameter.name))),
    )


def _dom_id(own: ids.Id) -> str:
    # Dash writes an id of several parts into the page as JSON with sorted keys.
    return json.dumps(own, sort_keys=True, separators=(",", ":"))


def _known_id(field: str) -> str:
    return f"known-{field}"


def _control(job_type: str, parameter: Parameter) -> Any:
    if parameter.type == "bbox":
        return _bbox(job_type, parameter)
    field = ids.field(job_type, parameter.name)
    if parameter.type == "boolean":
        return dbc.Switch(id=field, value=bool(parameter.default))
    if parameter.choices:
        return _choice(field, parameter)
    return _input(field, parameter)


def _bbox(job_type: str, parameter: Parameter) -> html.Div:
    edges = [
        dbc.Input(
            id=ids.field(job_type, name), type="number", step="any", placeholder=edge, value=value
        )
        for name, edge, value in zip(
            _names(parameter), EDGES, parameter.default or [None] * 4, strict=True
        )
    ]
    return html.Div(edges, className="bbox")


def _choice(field: ids.Id, parameter: Parameter) -> dcc.Dropdown:
    return dcc.Dropdown(
        id=field,
        options=[{"label": str(choice), "value": choice} for choice in parameter.choices],
        value=parameter.default,
        multi=parameter.type in ("list", "integer_list"),
        placeholder="all",
    )


def _input(field: ids.Id, parameter: Parameter) -> dbc.Input:
    if parameter.type == "integer":
        return dbc.Input(
            id=field,
            type="number",
            step=1,
            min=parameter.minimum,
            max=parameter.maximum,
            value=parameter.default,
        )
    known = {"list": _known_id(parameter.grouping)} if parameter.grouping else {}
    value = parameter.default
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    return dbc.Input(id=field, type="text", value=value, autocomplete="off", **known)
