"""Opens the submit forms, previews them, and submits their jobs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from dash import ALL, MATCH, Dash, Input, Output, State, ctx, no_update, set_props
from flask import abort

from access.guard import current_actor
from callbacks.addresses import read_address
from callbacks.forms import (
    FilledForm,
    cancel_job,
    preview_form,
    rerun_job,
    run_from_start,
    submit_form,
)
from callbacks.services import Services
from jobs.submission import Submitter
from layouts import ids
from layouts.narrowed import taken_over
from layouts.preview import Throughput
from pipelines.models import Pipeline, SubmitAction
from queries.phases import phases


def register(app: Dash, services: Services) -> None:
    """A form for each submit action."""
    _open_forms(app, services)
    _check_forms(app, services)
    _submit_forms(app, services)
    _run_jobs_again(app, services)
    _act_on_this(app, services, Input(ids.RERUN, "n_clicks"), ids.RERUN_ANSWER, rerun_job)
    confirmed = Input(ids.FROM_START, "submit_n_clicks")
    _act_on_this(app, services, confirmed, ids.FROM_START_ANSWER, run_from_start)
    confirmed = Input(ids.CANCEL, "submit_n_clicks")
    _act_on_this(app, services, confirmed, ids.CANCEL_ANSWER, cancel_job)


def _open_forms(app: Dash, services: Services) -> None:
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
        pipeline, action = _action(services, ctx.outputs_list[0]["id"]["form"])
        filters = read_address(pathname, search).filters(pipeline)
        values, left = taken_over(pipeline, action, filters)
        return True, left, [values.get(field, no_update) for field in fields]


def _check_forms(app: Dash, services: Services) -> None:
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
        pipeline, action = _action(services, job_type)
        throughput = _throughput(services, pipeline, action)
        preview = preview_form(_submitter(services), _form(action, ctx.inputs_list[1]), throughput)
        for name, mistake in preview.mistakes.items():
            set_props(ids.mistake(job_type, name), {"children": mistake})
        return preview.words, preview.label, not preview.again, preview.job_id


def _submit_forms(app: Dash, services: Services) -> None:
    @app.callback(
        Output(ids.mistake(MATCH, ALL), "children"),
        Output(ids.answer(MATCH), "children"),
        Input(ids.send(MATCH), "n_clicks"),
        State(ids.field(MATCH, ALL), "value"),
        prevent_initial_call=True,
    )
    def send_form(clicks: int | None, _values: list[Any]) -> tuple[list[Any], Any]:
        asked = [output["id"]["mistake"] for output in ctx.outputs_list[0]]
        if not clicks:
            return [no_update] * len(asked), no_update
        _, action = _action(services, ctx.outputs_list[1]["id"]["form"])
        mistakes, answer = submit_form(_submitter(services), _form(action, ctx.states_list[0]))
        set_props(ids.SUBMITTED, {"data": uuid4().hex})
        return [mistakes.get(name, "") for name in asked], answer


def _run_jobs_again(app: Dash, services: Services) -> None:
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
        return rerun_job(_submitter(services), job_id)


def _act_on_this(
    app: Dash, services: Services, button: Input, answer: str, act: Callable[[Submitter, str], Any]
) -> None:
    """A button of a job's page, and the text beside it."""

    @app.callback(
        Output(answer, "children"),
        button,
        State(ids.LOCATION, "pathname"),
        State(ids.LOCATION, "search"),
        prevent_initial_call=True,
    )
    def act_on_job(clicks: int | None, pathname: str, search: str) -> Any:
        job_id = _shown_job(services, pathname, search)
        if not clicks or job_id is None:
            return no_update
        set_props(ids.SUBMITTED, {"data": uuid4().hex})
        return act(_submitter(services), job_id)


def _shown_job(services: Services, pathname: str, search: str) -> str | None:
    """The job whose page is open, if any."""
    asked = read_address(pathname, search).one("job_id")
    found = services.queries.found.latest(asked).value or ()
    return found[0] if len(found) == 1 else None


def _submitter(services: Services) -> Submitter:
    """What whoever sends this request may change."""
    return services.actions.by(current_actor())


def _action(services: Services, job_type: str) -> tuple[Pipeline, SubmitAction]:
    pipeline, action = services.registry.of_job_type(job_type), services.registry.action(job_type)
    if pipeline is None or action is None:
        abort(400, f"There is no form for job type {job_type!r}")
    return pipeline, action


def _form(action: SubmitAction, fields: list[Mapping[str, Any]]) -> FilledForm:
    return FilledForm(action, {field["id"]["field"]: field.get("value") for field in fields})


def _throughput(services: Services, pipeline: Pipeline, action: SubmitAction) -> Throughput:
    """The measured rate of the action's phase."""
    if action.phase is None:
        return Throughput(math.nan, "none is measured for this job")
    snapshot = services.snapshots.latest(pipeline.id).value
    if snapshot is None:
        return Throughput(math.nan, "the numbers are being read for the first time")
    progress = phases(snapshot).set_index("phase").loc[action.phase]
    return Throughput(float(progress["rate_per_hour"]), str(progress["rate_reason"]))
