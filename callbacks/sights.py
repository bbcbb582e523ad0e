"""What a page shows at this moment: its values, and how old and how sound they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from callbacks.sources import Sources
from layouts.leaves import Leaves
from layouts.links import MONITOR
from layouts.monitor import monitor_values
from layouts.pipeline import pipeline_values
from layouts.selector import no_selector_values, selector_values
from pipelines.models import Pipeline
from queries.cache import Reading
from queries.groupings import breakdown
from queries.phases import phases
from queries.summary import summary


@dataclass(frozen=True)
class Address:
    """What an URL asks for: a job, a pipeline, or (with neither) the pipelines."""

    pipeline: str | None = None
    job_id: str | None = None

    @property
    def place(self) -> str:
        """The prefix of the page's leaves: a late answer must not write into another page."""
        return self.job_id or self.pipeline or "pipelines"


@dataclass(frozen=True)
class Sight:
    """A page's values, none before the first reading.

    version: equal for equal values; as_of: ISO time of the database; age: seconds since then;
    active: whether a job is active; problem: what is wrong now, if anything.
    """

    leaves: Leaves | None
    version: str
    as_of: str | None = None
    age: float = 0.0
    active: bool = False
    problem: str | None = None


def read_address(pathname: str | None, search: str | None) -> Address:
    """The address behind an URL's path and query."""
    query = parse_qs((search or "").removeprefix("?"))
    if pathname == MONITOR:
        return Address(job_id=query.get("job_id", [""])[0])
    return Address(pipeline=query.get("type", [None])[0])


def look(sources: Sources, address: Address, *, renew: bool = False) -> Sight:
    """What the page at an address shows; `renew` waits for new numbers of its pipelines."""
    sight = _look(sources, address, renew)
    return replace(sight, leaves=sight.leaves and sight.leaves.under(address.place))


def _look(sources: Sources, address: Address, renew: bool) -> Sight:
    read = sources.snapshots.renew if renew else sources.snapshots.latest
    if address.job_id is not None:
        return _job(sources, address.job_id)
    if address.pipeline is not None and address.pipeline in sources.registry:
        return _pipeline(sources.registry[address.pipeline], read(address.pipeline))
    return _selector(sources, read)


def _job(sources: Sources, job_id: str) -> Sight:
    reading = sources.job_reports.latest(job_id)
    report = reading.report
    if report is None:
        return Sight(None, f"none {reading.error}", problem=reading.error)
    active = report.job.status in ("queued", "processing")
    version = f"{report.version} {reading.error}"
    at = report.as_of.isoformat()
    return Sight(monitor_values(report), version, at, reading.age, active, reading.error)


def _pipeline(pipeline: Pipeline, reading: Reading) -> Sight:
    snapshot = reading.snapshot
    if snapshot is None:
        return Sight(None, f"none {reading.error}", problem=reading.error)
    leaves = pipeline_values(
        pipeline,
        summary(snapshot),
        phases(snapshot),
        {field: breakdown(snapshot, field) for field in pipeline.dimensions},
        snapshot.jobs,
        snapshot.contradictions,
    )
    version = f"{snapshot.version} {reading.error}"
    at, active = snapshot.as_of.isoformat(), not snapshot.jobs.empty
    return Sight(leaves, version, at, reading.age, active, reading.error)


def _selector(sources: Sources, read: Callable[[str], Reading]) -> Sight:
    readings = {pipeline: read(pipeline.id) for pipeline in sources.registry.values()}
    leaves = Leaves()
    for pipeline, reading in readings.items():
        leaves |= _card(pipeline, reading)
    found = [(r.age, r.snapshot) for r in readings.values() if r.snapshot is not None]
    # The page is as old as its oldest number.
    age, oldest = max(found, key=lambda pair: pair[0], default=(0.0, None))
    versions = [f"{r.snapshot and r.snapshot.version} {r.error}" for r in readings.values()]
    return Sight(
        leaves,
        " ".join(versions),
        oldest.as_of.isoformat() if oldest else None,
        age,
        any(not snapshot.jobs.empty for _, snapshot in found),
        next((reading.error for reading in readings.values() if reading.error), None),
    )


def _card(pipeline: Pipeline, reading: Reading) -> Leaves:
    snapshot = reading.snapshot
    if snapshot is None:
        return no_selector_values(pipeline, reading.error)
    return selector_values(
        pipeline, summary(snapshot), phases(snapshot), snapshot.jobs, reading.error
    )
