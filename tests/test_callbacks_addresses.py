"""What an address asks for."""

from __future__ import annotations

import pytest

from callbacks.addresses import read_address
from layouts.links import (
    JOB_PAGE,
    PIPELINE,
    SELECTOR,
    filter_parameter,
    group_link,
    job_link,
    jobs_link,
    pipeline_link,
)
from pipelines.models import Pipeline


def split(link: str) -> tuple[str, str]:
    path, _, query = link.partition("?")
    return path, f"?{query}"


def test_an_address_has_the_values_of_its_query() -> None:
    address = read_address(PIPELINE, "?type=a%26b&region=rwa&region=civ")
    assert (address.path, address.one("type")) == (PIPELINE, "a&b")
    assert address.many("region") == ["rwa", "civ"]
    assert (address.one("phase"), address.many("phase")) == ("", [])


@pytest.mark.parametrize(("pathname", "search"), [(None, None), (SELECTOR, ""), ("", "?")])
def test_an_empty_address_is_the_first_page(pathname: str | None, search: str | None) -> None:
    assert read_address(pathname, search) == read_address("/", "")


def test_filters_are_those_of_the_pipelines_groupings(fathom: Pipeline) -> None:
    address = read_address(PIPELINE, "?type=fathom&region=rwa&year=2020&year=2030&other=1")
    assert address.filters(fathom) == {"region": ["rwa"], "year": ["2020", "2030"]}


@pytest.mark.parametrize("field", ["type", "open", "by.type", "sensor.name", "a&b=c"])
def test_a_grouping_may_be_called_like_a_parameter_of_ours(field: str) -> None:
    address = read_address(*split(pipeline_link("survey", {field: ["x", "ü&="]})))
    assert address.one("type") == "survey"
    assert address.many(filter_parameter(field)) == ["x", "ü&="]


def test_two_groupings_never_share_a_parameter() -> None:
    fields = ["type", "by.type", "by.by.type", "region"]
    assert len({filter_parameter(field) for field in fields}) == len(fields)


def test_a_filter_keeps_the_place_and_another_page_does_not() -> None:
    links = [
        pipeline_link("fathom"),
        pipeline_link("raster_v2"),
        group_link("fathom", "phase1", "failed"),
        group_link("fathom", "phase2", "failed"),
        group_link("fathom", "phase1", "pending"),
        job_link("abc"),
        job_link("abd"),
        jobs_link(),
    ]
    places = [read_address(*split(link)).place for link in links]
    assert len(set(places)) == len(places)
    narrowed = read_address(*split(pipeline_link("fathom", {"region": ["rwa"]})))
    assert narrowed.place == places[0]
    assert read_address(JOB_PAGE, "?job_id=abc&page=3&q=x").place == places[5]
