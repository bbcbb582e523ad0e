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
from layouts.choices import option
from pipelines.models import Parameter, SubmitAction
from pipelines.parameters import bounds

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


def form(action: SubmitAction, suggestions: Mapping[str, Sequence[str]] | None = None) -> dbc.Modal:
    """An action's dialog. `known` are the values of each grouping, from which lists are chosen;
    other fields suggest what `known_values` has put on the page."""
    job_type = action.job_type
    fields = [_row(job_type, parameter, suggestions or {}) for parameter in action.parameters]
    return dbc.Modal(
        [
            dbc.ModalHeader(dbc.ModalTitle(action.label)),
            dbc.ModalBody([html.Div(fields, className="fields")]),
            dbc.ModalFooter(_footer(job_type)),
        ],
        id=ids.form(job_type),
        scrollable=True,
        centered=True,
    )


def _footer(job_type: str) -> list[Component]:
    """What submitting would do, what came of it, and the buttons."""
    return [
        dcc.Store(id=ids.existing(job_type)),
        html.Div(
            [
                html.Div(id=ids.preview(job_type), className="preview", role="status"),
                html.Div(id=ids.answer(job_type), className="answer", role="status"),
            ],
            className="outcome",
        ),
        html.Button("Run again", id=ids.again(job_type), className="button", hidden=True),
        html.Button("Submit", id=ids.send(job_type), className="button strong"),
    ]


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


def unreadable(action: SubmitAction, values: Mapping[str, Any]) -> dict[str, str]:
    """Mistakes by parameter: fields whose number a browser keeps for itself as it is none.

    An empty field that had a default is one too: nobody is to get a job of 4° for typing 44.
    """
    return {
        parameter.name: f"expected {bounds(parameter)}"
        for parameter in action.parameters
        if _bounded(parameter) and values.get(parameter.name) in (None, "")
    }


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


def _row(job_type: str, parameter: Parameter, suggestions: Mapping[str, Sequence[str]]) -> html.Div:
    title = parameter.title + (" (required)" if parameter.required else "")
    note = f"{parameter.help} {bounds(parameter).capitalize()}." if _limited(parameter) else ""
    return html.Div(
        [
            html.Label(title, htmlFor=_dom_id(ids.field(job_type, _names(parameter)[0]))),
            _control(job_type, parameter, suggestions.get(parameter.grouping or "", ())),
            html.Div(id=ids.mistake(job_type, parameter.name), className="mistake", role="alert"),
            html.Div(note or parameter.help, className="note"),
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


def _control(job_type: str, parameter: Parameter, suggestions: Sequence[str]) -> Any:
    if parameter.type == "bbox":
        return _bbox(job_type, parameter)
    field = ids.field(job_type, parameter.name)
    if parameter.type == "boolean":
        return dbc.Switch(id=field, value=bool(parameter.default))
    several = parameter.type in ("list", "integer_list")
    if parameter.choices or (several and parameter.grouping):
        return _choice(
            field, parameter, several, parameter.choices or _options(parameter, suggestions)
        )
    return _input(field, parameter)


def _options(parameter: Parameter, suggestions: Sequence[str]) -> Sequence[str | int]:
    """The known values of a list's grouping; of numbers those that are one, and the default."""
    whole = parameter.type == "integer_list"
    values = [int(v) if whole else v for v in suggestions if v.isdecimal() or not whole]
    return list(dict.fromkeys([*values, *(parameter.default or ())]))


def _bbox(job_type: str, parameter: Parameter) -> html.Div:
    edges = [
        dbc.Input(
            id=ids.field(job_type, name),
            type="number",
            step="any",
            placeholder=edge,
            value=value,
            debounce=True,
        )
        for name, edge, value in zip(
            _names(parameter), EDGES, parameter.default or [None] * 4, strict=True
        )
    ]
    return html.Div(edges, className="bbox")


def _choice(
    field: ids.Id, parameter: Parameter, several: bool, options: Sequence[str | int]
) -> dcc.Dropdown:
    return dcc.Dropdown(
        id=field,
        options=[option(one) for one in options],
        value=parameter.default,
        multi=several,
        searchable=True,
        clearable=several or parameter.default is None,
        placeholder="all" if several else "choose",
    )


def _bounded(parameter: Parameter) -> bool:
    """Whether its field takes numbers alone: an empty one stands for no number then."""
    whole = parameter.type == "integer" and not parameter.choices
    return whole and parameter.default is not None


def _limited(parameter: Parameter) -> bool:
    return parameter.minimum is not None or parameter.maximum is not None


def _input(field: ids.Id, parameter: Parameter) -> dbc.Input:
    # Sent when it is left: what a job would do is counted once, and not for each letter.
    if _bounded(parameter):
        return dbc.Input(
            id=field,
            type="number",
            step=1,
            min=parameter.minimum,
            max=parameter.maximum,
            value=parameter.default,
            debounce=True,
        )
    attributes = {"list": _known_id(parameter.grouping)} if parameter.grouping else {}
    value = parameter.default
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    if parameter.type == "integer":
        attributes["inputmode"] = "numeric"
    # An empty field stands for the default.
    hint = {"placeholder": str(value)} if value not in (None, "") else {}
    return dbc.Input(
        id=field, type="text", value=value, autocomplete="off", debounce=True, **attributes, **hint
    )
