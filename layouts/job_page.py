"""The page of one job: what it is, its stages and its tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts import ids
from layouts.charts import charts
from layouts.formats import format_stage, format_timestamp
from layouts.links import SELECTOR, job_link, pipeline_link
from layouts.page_values import PageValues
from layouts.stages import stage_flow, stage_values
from layouts.statuses import format_status
from layouts.tables import Column, table
from layouts.tasks import task_list
from pipelines.models import Pipeline

FACTS = {
    "status": "Status",
    "stage": "Stage",
    "created": "Submitted",
    "updated": "Last update",
    "by": "Submitted by",
    "attempt": "Attempt",
}
TIMESTAMPS = ("created", "updated")
UNFINISHED = ("failed", "completed_with_errors", "cancelled")
ACTIVE = ("queued", "processing")
CHANGES = "changes"
ENDED = (*UNFINISHED, "completed")


def job_page(
    job: Any,
    stages: int,
    pipeline: Pipeline | None,
    query: Mapping[str, Sequence[str]] | None = None,
) -> html.Div:
    """The skeleton for a JobRow with so many stages; a job of no pipeline has no link to one.

    `query` is the address's.
    """
    return html.Div(
        [
            *_link(pipeline),
            html.H1([f"{job.job_type} ", html.Code(job.job_id, className="job-id")]),
            html.Dl([_fact(key, label) for key, label in FACTS.items()], className="counts"),
            *_previous(job.metadata.get("previous_job_id")),
            _error(),
            _actions(),
            html.Details(
                [html.Summary("Parameters"), _parameters(job.parameters)],
                className="panel",
                open=True,
            ),
            _result(),
            html.Section([html.H2("Stages"), stage_flow(stages)]),
            charts("Duration and memory of tasks"),
            task_list(query or {}),
            _changes(),
        ]
    )


def _link(pipeline: Pipeline | None) -> list[Component]:
    if pipeline is None:
        return []
    return [
        dcc.Link(
            f"View Pipeline Dashboard: {pipeline.name}",
            href=pipeline_link(pipeline.id),
            className="button",
        )
    ]


def _fact(key: str, label: str) -> html.Div:
    # The script shows a timestamp in the viewer's time zone.
    shape = "timestamp" if key in TIMESTAMPS else None
    return html.Div([html.Dt(label), html.Dd(id=ids.text(f"job.{key}"), className=shape)])


def _previous(job_id: Any) -> list[Component]:
    """The attempt before this one, if there is one."""
    if not isinstance(job_id, str):
        return []
    return [html.P(["The attempt before: ", dcc.Link(job_id[:8], href=job_link(job_id))])]


def _error() -> html.Section:
    return html.Section(
        [html.Strong("Error: "), html.Span(id=ids.text("error"))],
        id=ids.visible("error"),
        className="notice",
        hidden=True,
    )


def _actions() -> html.Div:
    """What a person can do about the job; what came of it stays when the buttons go."""
    return html.Div(
        [
            html.Span(
                html.Button("Run again", id=ids.RERUN, className="button"),
                id=ids.visible("again"),
                hidden=True,
            ),
            _confirmed(
                "Cancel job",
                ids.CANCEL,
                "cancel",
                "Cancel this job? What is done stays done, the rest is not done. "
                "The job can be run again later.",
            ),
            _confirmed(
                "Run from the start",
                ids.FROM_START,
                "from_start",
                "Do all of this job again, as a new attempt? This one stays as it is.",
            ),
            html.Span(id=ids.FROM_START_ANSWER, role="status", className="note"),
            html.Span(id=ids.RERUN_ANSWER, role="status", className="note"),
            html.Span(id=ids.CANCEL_ANSWER, role="status", className="note"),
        ],
        className="actions",
    )


def _confirmed(label: str, button: str, key: str, question: str) -> html.Span:
    """A button that asks before it acts, hidden until the key's slot shows it."""
    return html.Span(
        dcc.ConfirmDialogProvider(
            html.Button(label, className="button"), id=button, message=question
        ),
        id=ids.visible(key),
        hidden=True,
    )


def _result() -> html.Details:
    return html.Details(
        [html.Summary("Result"), html.Pre(id=ids.text("result"), className="result")],
        id=ids.visible("result"),
        className="panel",
        hidden=True,
    )


def _changes() -> html.Details:
    return html.Details(
        [
            html.Summary("Changes by people"),
            table(
                CHANGES,
                [
                    Column("at", "When"),
                    Column("actor", "Who", "name"),
                    Column("address", "From"),
                    Column("action", "What"),
                    Column("result", "Result", "prose"),
                ],
            ),
        ],
        id=ids.visible(CHANGES),
        className="panel",
        hidden=True,
    )


def _change_rows(changes: Sequence[Any]) -> list[dict[str, str]]:
    return [
        {
            "at": format_timestamp(change.at),
            "actor": change.actor,
            "address": change.address,
            "action": change.action,
            "result": "not known" if change.result is None else change.result,
        }
        for change in changes
    ]


def _parameters(parameters: Any) -> html.Dl | html.P:
    if not parameters:
        return html.P("none", className="note")
    return html.Dl(
        [
            html.Div([html.Dt(name), html.Dd(_plain(value))])
            for name, value in sorted(parameters.items())
        ],
        className="parameters",
    )


def job_values(report: Any, ours: bool) -> PageValues:
    """The values of a job and its stages, from a JobReport; `ours` when no platform runs it."""
    job = report.job
    text = {
        "job.status": format_status(job.status),
        "job.stage": format_stage(job.stage, job.total_stages),
        "job.created": format_timestamp(job.created_at),
        "job.updated": format_timestamp(job.updated_at),
        "job.by": str(job.metadata.get("submitted_by") or "–"),
        "job.attempt": str(job.metadata.get("attempt") or 1),
        "error": job.error_details or "",
        "result": _plain(job.result_data or ""),
    }
    visible = {
        "error": bool(job.error_details),
        "again": job.status in UNFINISHED,
        "cancel": job.status in ACTIVE and ours,
        "from_start": job.status in ENDED and ours,
        "result": bool(job.result_data),
        CHANGES: bool(report.changes),
    }
    changes = {CHANGES: _change_rows(report.changes)}
    own = PageValues(text=text, visible=visible, table=changes)
    return own | stage_values(report.stages, report.stage_count)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict) else None)


def missing_page(reason: str, meant: Sequence[str] = (), *, retry: bool = False) -> html.Div:
    """For a job that is not there, that can't be read now, or that is one of several.

    The reason says which, `meant` are the jobs that may be meant; with `retry` the browser asks
    again (assets/reachable.js).
    """
    again: dict[str, Any] = {"data-retry": "yes"} if retry else {}
    return html.Div(
        [
            html.H1("Job monitor"),
            html.P(reason, className="notice", **again),
            html.Ul([html.Li(dcc.Link(job_id, href=job_link(job_id))) for job_id in meant]),
            dcc.Link("All pipelines", href=SELECTOR),
        ]
    )
