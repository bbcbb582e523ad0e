"""Opens the submit forms, says what they would do, and submits their jobs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from dash import ALL, MATCH, Dash, Input, Output, State, ctx, no_update, set_props

from callbacks.addresses import read_address
from callbacks.forms import Form, again, cancel, from_start, preview, submit
from callbacks.sources import Sources
from jobs.submission import Submitter
from layouts import ids
from layouts.narrowed import taken_over
from layouts.preview import Pace
from pipelines.models import Pipeline, SubmitAction
from queries.phases import phases


def register(app: Dash, sources: Sources) -> None:
    """A form for each submit action."""
    _open_forms(app, sources)
    _check_forms(app, sources)
    _submit_forms(app, sources)
    _run_jobs_again(app, sources)
    _act_on_this(app, sources, Input(ids.RERUN, "n_clicks"), ids.RERUN_ANSWER, again)
    confirmed = Input(ids.FROM_START, "submit_n_clicks")
    _act_on_this(app, sources, confirmed, ids.FROM_START_ANSWER, from_start)
    confirmed = Input(ids.CANCEL, "submit_n_clicks")
    _act_on_this(app, sources, confirmed, ids.CANCEL_ANSWER, cancel)


def _open_forms(app: Dash, sources: Sources) -> None:
    @app.callback(
        Output(ids.form(MATCH), "is_open"),
        Output(ids.answer(MATCH), "children", allow_duplicate=True),
        Output(ids.field(MATCH, ALL), "value"),
        Input(ids.opener(MATCH), "n_clicks"),
        State(ids.LOCATION, "pathname"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def open_form(clicks: int | None, pathname: str, search: str) -> tuple[Any, Any, list[Any]]:
        fields = [output["id"]["field"] for output in ctx.outputs_list[2]]
        if not clicks:
            return no_update, no_update, [no_update] * len(fields)
        pipeline, action = _action(sources, ctx.triggered_id["form"])
        filters = read_address(pathname, search).filters(pipeline)
        values, left = taken_over(pipeline, action, filters)
        return True, left, [values.get(field, no_update) for field in fields]


def _check_forms(app: Dash, sources: Sources) -> None:
    @app.callback(
        Output(ids.preview(MATCH), "children"),
        Output(ids.send(MATCH), "children"),
        Output(ids.again(MATCH), "hidden"),
        Output(ids.existing(MATCH), "data"),
        Input(ids.form(MATCH), "is_open"),
        Input(ids.field(MATCH, ALL), "value"),
        Input(ids.answer(MATCH), "children"),
        prevent_initial_call=True,
    )
    def check_form(is_open: bool | None, _values: list[Any], _answer: Any) -> tuple[Any, ...]:
        if not is_open:
            return (no_update,) * 4
        job_type = ctx.outputs_list[0]["id"]["form"]
        pipeline, action = _action(sources, job_type)
        pace = _pace(sources, pipeline, action)
        told = preview(sources.submitter, _form(action, ctx.inputs_list[1]), pace)
        for name, mistake in told.mistakes.items():
            set_props(ids.mistake(job_type, name), {"children": mistake})
        return told.words, told.label, not told.again, told.job_id


def _submit_forms(app: Dash, sources: Sources) -> None:
    @app.callback(
        Output(ids.mistake(MATCH, ALL), "children"),
        Output(ids.answer(MATCH), "children"),
        Input(ids.send(MATCH), "n_clicks"),
        State(ids.field(MATCH, ALL), "value"),
        prevent_initial_call=True,
    )
    def submit_form(clicks: int | None, _values: list[Any]) -> tuple[list[Any], Any]:
        asked = [output["id"]["mistake"] for output in ctx.outputs_list[0]]
        if not clicks:
            return [no_update] * len(asked), no_update
        _, action = _action(sources, ctx.triggered_id["form"])
        mistakes, answer = submit(sources.submitter, _form(action, ctx.states_list[0]))
        set_props(ids.SUBMITTED, {"data": uuid4().hex})
        return [mistakes.get(name, "") for name in asked], answer


def _run_jobs_again(app: Dash, sources: Sources) -> None:
    @app.callback(
        Output(ids.answer(MATCH), "children", allow_duplicate=True),
        Input(ids.again(MATCH), "n_clicks"),
        State(ids.existing(MATCH), "data"),
        prevent_initial_call=True,
    )
    def run_again(clicks: int | None, job_id: str | None) -> Any:
        if not clicks or not job_id:
            return no_update
        set_props(ids.SUBMITTED, {"data": uuid4().hex})
        return again(sources.submitter, job_id)


def _act_on_this(
    app: Dash, sources: Sources, button: Input, answer: str, act: Callable[[Submitter, str], Any]
) -> None:
    """A button of a job's page, and what is told beside it."""

    @app.callback(
        Output(answer, "children"),
        button,
        State(ids.LOCATION, "pathname"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def act_on_job(clicks: int | None, pathname: str, search: str) -> Any:
        job_id = _shown_job(sources, pathname, search)
        if not clicks or job_id is None:
            return no_update
        set_props(ids.SUBMITTED, {"data": uuid4().hex})
        return act(sources.submitter, job_id)


def _shown_job(sources: Sources, pathname: str, search: str) -> str | None:
    """The job whose page is open, if it is one."""
    asked = read_address(pathname, search).one("job_id")
    found = sources.readings.found.latest(asked).value or ()
    return found[0] if len(found) == 1 else None


def _action(sources: Sources, job_type: str) -> tuple[Pipeline, SubmitAction]:
    pipeline, action = sources.registry.of_job_type(job_type), sources.registry.action(job_type)
    assert pipeline is not None
    assert action is not None
    return pipeline, action


def _form(action: SubmitAction, fields: list[Mapping[str, Any]]) -> Form:
    return Form(action, {field["id"]["field"]: field.get("value") for field in fields})


def _pace(sources: Sources, pipeline: Pipeline, action: SubmitAction) -> Pace:
    """The measured rate of the action's phase."""
    if action.phase is None:
        return Pace(math.nan, "none is measured for this job")
    snapshot = sources.snapshots.latest(pipeline.id).snapshot
    if snapshot is None:
        return Pace(math.nan, "the numbers are being read for the first time")
    progress = phases(snapshot).set_index("phase").loc[action.phase]
    return Pace(float(progress["rate_per_hour"]), str(progress["rate_reason"]))
