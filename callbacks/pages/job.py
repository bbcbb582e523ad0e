"""The monitor of one job."""

from __future__ import annotations

from dash.development.base_component import Component

from callbacks.addresses import Address
from callbacks.sights import Sight
from callbacks.sources import Sources
from layouts.monitor import missing_page, monitor_page, monitor_values


def build(sources: Sources, address: Address) -> Component:
    """The job's page, or why there is none."""
    job_id = address.one("job_id")
    answer = sources.readings.reports.latest(job_id)
    report = answer.value
    if report is None:
        return missing_page(job_id, answer.found)
    pipeline = sources.registry.of_job_type(report.job.job_type)
    return monitor_page(report.job, report.stage_count, pipeline)


def look(sources: Sources, address: Address, renew: bool) -> Sight:
    """The job's stages and tasks."""
    answer = sources.readings.reports.latest(address.one("job_id"), renew=renew)
    report = answer.value
    if report is None:
        return Sight(None, problem=answer.error)
    active = report.job.status in ("queued", "processing")
    at = report.as_of.isoformat()
    return Sight(monitor_values(report), at, answer.age, active, answer.error)
