"""Opens the submit forms, checks them and submits their jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from dash import ALL, MATCH, Dash, Input, Output, State, ctx, no_update, set_props

from jobs.submission import SubmissionError, Submitter
from layouts import ids
from layouts.submit import given, told
from pipelines.models import SubmitAction
from pipelines.parameters import ParameterErrors
from pipelines.registry import Registry


def register(app: Dash, registry: Registry, submitter: Submitter) -> None:
    """A form for each submit action."""

    @app.callback(
        Output(ids.form(MATCH), "is_open"),
        Output(ids.answer(MATCH), "children", allow_duplicate=True),
        Input(ids.opener(MATCH), "n_clicks"),
        prevent_initial_call=True,
    )
    def open_form(clicks: int | None) -> tuple[Any, Any]:
        return (True, "") if clicks else (no_update, no_update)

    @app.callback(
        Output(ids.mistake(MATCH, ALL), "children"),
        Output(ids.answer(MATCH), "children"),
        Input(ids.send(MATCH), "n_clicks"),
        State(ids.field(MATCH, ALL), "value"),
        prevent_initial_call=True,
    )
    def submit_form(_clicks: int, _values: list[Any]) -> tuple[list[str], Any]:
        values = {state["id"]["field"]: state.get("value") for state in ctx.states_list[0]}
        asked = [output["id"]["mistake"] for output in ctx.outputs_list[0]]
        action = registry.action(ctx.triggered_id["form"])
        assert action is not None
        mistakes, answer = submit(submitter, action, values)
        set_props(ids.SUBMITTED, {"data": uuid4().hex})
        return [mistakes.get(name, "") for name in asked], answer


def submit(
    submitter: Submitter, action: SubmitAction, values: Mapping[str, Any]
) -> tuple[dict[str, str], Any]:
    """Submits what a form holds: the mistakes by parameter, and what to tell below the form."""
    try:
        submission = submitter.submit(action.job_type, given(action, values))
    except ParameterErrors as errors:
        return errors.messages, "Nothing was submitted: mend what is marked above."
    except SubmissionError as error:
        return {}, str(error)
    return {}, told(submission.job_id, submission.created, submission.status)
