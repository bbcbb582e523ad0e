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
    reading = sources.job_reports.latest(job_id)
    if reading.report is None:
        return missing_page(job_id, reading.found)
    report = reading.report
    pipeline = sources.registry.of_job_type(report.job.job_type)
    return monitor_page(report.job, report.stage_count, pipeline)


def look(sources: Sources, address: Address, _renew: bool) -> Sight:
    """The job's stages and tasks."""
    reading = sources.job_reports.latest(address.one("job_id"))
    report = reading.report
    if report is None:
        return Sight(None, problem=reading.error)
    active = report.job.status in ("queued", "processing")
    at = report.as_of.isoformat()
    return Sight(monitor_values(report), at, reading.age, active, reading.error)
