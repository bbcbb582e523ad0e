"""Parses an address: which page, of what, with which filters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import parse_qs

from layouts.group_list import states
from layouts.links import (
    GROUPS,
    JOB_PAGE,
    JOBS,
    PHASE,
    PIPELINE,
    SELECTOR,
    STATE,
    TYPE,
    filter_parameter,
)
from pipelines.models import Phase, Pipeline
from pipelines.registry import Registry

# What makes another page of another value; every other parameter narrows or sorts the same page.
PLACES = {
    PIPELINE: (TYPE,),
    GROUPS: (TYPE, PHASE, STATE),
    JOB_PAGE: ("job_id",),
    JOBS: (),
}


@dataclass(frozen=True)
class Address:
    """A page's path, and the values of each parameter of its query."""

    path: str = "/"
    query: Mapping[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """A parameter's first value, "" without one."""
        return next(iter(self.query.get(name, ())), "")

    def many(self, name: str) -> list[str]:
        """The values of a repeatable parameter; empty ones are ignored."""
        return [value for value in self.query.get(name, ()) if value]

    def filters(self, pipeline: Pipeline) -> dict[str, list[str]]:
        """The filtered values of each grouping; the empty text is one of them."""
        named = {
            field: list(self.query.get(filter_parameter(field), ()))
            for field in pipeline.dimensions
        }
        return {field: values for field, values in named.items() if values}

    @property
    def place(self) -> str:
        """Equal for addresses of the same page, whatever its filters."""
        values = [self.path, *(self.one(name) for name in PLACES.get(self.path, (TYPE,)))]
        return blake2b("\n".join(values).encode(), digest_size=5).hexdigest()


def read_address(pathname: str | None, search: str | None) -> Address:
    """The address of a URL's path and query."""
    query = parse_qs((search or "").removeprefix("?"), keep_blank_values=True)
    return Address(pathname or "/", query)


def missing(registry: Registry, address: Address) -> str | None:
    """What is missing at an address, as text; None if nothing is.

    Whether a job exists is checked when its page opens.
    """
    if address.path not in (SELECTOR, PIPELINE, GROUPS, JOBS, JOB_PAGE):
        return f"There is no page “{address.path}”."
    wanted = address.one(TYPE)
    if address.path in (PIPELINE, GROUPS) and wanted and wanted not in registry:
        return f"There is no pipeline “{wanted}”."
    if address.path == GROUPS and groups_of(registry, address) is None:
        return f"There is no list of “{address.one(STATE)}” groups of “{address.one(PHASE)}”."
    return None


def groups_of(registry: Registry, address: Address) -> tuple[Pipeline, Phase, str] | None:
    """The pipeline, phase and state of an address of groups; None if there is no such
    list."""
    pipeline = registry.get(address.one(TYPE))
    phases = pipeline.phases if pipeline else ()
    phase = next((one for one in phases if one.id == address.one(PHASE)), None)
    state = address.one(STATE)
    if pipeline is None or phase is None or state not in states(pipeline, phase):
        return None
    return pipeline, phase, state
