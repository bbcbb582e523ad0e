"""The pages: for each kind, how it is built once, and its current values."""

from __future__ import annotations

from typing import Protocol

from dash.development.base_component import Component

from callbacks.addresses import Address, groups_of
from callbacks.page_state import PageState
from callbacks.pages import groups, job, jobs, pipeline, pipelines
from callbacks.services import Services
from layouts.links import GROUPS, JOB_PAGE, JOBS, PIPELINE, TYPE


class PageKind(Protocol):
    """A kind of page."""

    def build(self, services: Services, address: Address) -> Component:
        """The skeleton, without numbers."""

    def read(self, services: Services, address: Address, renew: bool) -> PageState:
        """The page's current state; `renew` waits for new numbers."""


def page_of(services: Services, address: Address) -> PageKind:
    """The kind of page at an address."""
    if address.path == JOB_PAGE:
        return job
    if address.path == JOBS:
        return jobs
    if address.path == GROUPS and groups_of(services.registry, address):
        return groups
    if address.path == PIPELINE and address.one(TYPE) in services.registry:
        return pipeline
    return pipelines
