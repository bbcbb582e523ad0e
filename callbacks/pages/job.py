"""The page of one job."""

from __future__ import annotations

from dash.development.base_component import Component

from callbacks.addresses import Address
from callbacks.page_state import PageState, read_panels
from callbacks.pages.paging import paging_of
from callbacks.services import Services
from jobs.job_rows import EXECUTOR
from layouts.job_page import job_page, job_values, missing_page
from layouts.links import SEARCH, task_file
from layouts.lists import Size
from layouts.page_values import PageValues
from layouts.tasks import task_values
from queries.job_report import JobReport
from queries.jobs import ACTIVE
from queries.paging import ListPage
from queries.tasks import VALUES, TaskQuery

GONE = "This job was deleted from the database. The page shows what was read of it last."
STATUSES = ("pending", "queued", "processing", "completed", "failed")


def build(services: Services, address: Address) -> Component:
    """The job's page, or why there is none."""
    asked = address.one("job_id")
    found = services.queries.found.latest(asked)
    if not found.found:
        return missing_page(f"There is no job “{asked}”.")
    if len(found.value or ()) > 1:
        return missing_page(f"Several jobs begin with “{asked}”:", found.value or ())
    report = services.queries.reports.latest(found.value[0]).value if found.value else None
    if report is None:
        return missing_page(f"Job {asked} can't be read now; this page tries again.", retry=True)
    pipeline = services.registry.of_job_type(report.job.job_type)
    return job_page(report.job, report.stage_count, pipeline, address.query)


def read(services: Services, address: Address, renew: bool) -> PageState:
    """The job's stages and tasks."""
    found = services.queries.found.latest(address.one("job_id"))
    if not found.found:
        return PageState(None, gone=GONE)
    if found.value is None or len(found.value) > 1:
        return PageState(None, problem=found.error)
    (job_id,) = found.value
    query = task_query(job_id, address)
    result = services.queries.reports.latest(job_id, renew=renew)
    tasks = services.queries.tasks.latest(query, renew=renew)
    if not result.found:
        return PageState(None, gone=GONE)
    report, page, error = result.value, tasks.value, result.error or tasks.error
    if report is None or page is None:
        return PageState(None, problem=error)
    page_values, failed = read_panels(
        {
            "The job": lambda: job_values(report, _is_ours(report)),
            "Its tasks": lambda: _tasks(report, query, page),
        }
    )
    active = report.job.status in ACTIVE
    age = max(result.age, tasks.age)
    others = (page.as_of.isoformat(),)
    return PageState(page_values, report.as_of.isoformat(), age, active, error or failed, others)


def task_query(job_id: str, address: Address) -> TaskQuery:
    """The query for the tasks at an address."""
    return TaskQuery(
        job_id,
        tuple(int(stage) for stage in address.many("stage") if stage.isdecimal()),
        tuple(address.many("status")),
        address.one(SEARCH),
        paging_of(address, VALUES),
    )


def _is_ours(report: JobReport) -> bool:
    return bool(report.job.metadata.get("executor") == EXECUTOR)


def _tasks(report: JobReport, query: TaskQuery, page: ListPage) -> PageValues:
    by_stage = report.stages.set_index("stage")["tasks"]
    by_status = report.stages[list(STATUSES)].sum()
    options = {
        "stage": {str(stage): int(count) for stage, count in by_stage.items()},
        "status": {str(status): int(count) for status, count in by_status.items() if count},
    }
    csv = task_file(query.job_id, query.stages, query.statuses, query.text)
    return task_values(page.rows, Size(page.total, page.exact), options, csv)
