"""What a tick costs on the wire, and what it does to a page that shows something else."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from layouts import ids
from layouts.links import PIPELINE
from queries.snapshots import Snapshots
from tests.factories import add_files
from tests.tab import Tab

FATHOM = "?type=fathom"
REGIONS = [f"r{number:03}" for number in range(200)]


@pytest.fixture
def regions(engine: Engine, snapshots: Snapshots, tab: Tab) -> Tab:
    """A tab with a page of 200 regions."""
    with engine.begin() as connection:
        for region in REGIONS:
            add_files(connection, 1, metadata={"region": region}, phase1="2 hours")
    snapshots.renew("fathom")
    tab.open(PIPELINE, FATHOM)
    return tab


def test_a_tick_without_news_sends_next_to_nothing(regions: Tab, snapshots: Snapshots) -> None:
    snapshots.renew("fathom")
    regions.tick()
    assert regions.sent + regions.received < 1200


def test_a_tick_sends_of_200_regions_the_three_that_moved(
    regions: Tab, engine: Engine, snapshots: Snapshots
) -> None:
    with engine.begin() as connection:
        for region in REGIONS[50:53]:
            add_files(connection, 8, metadata={"region": region}, phase1="2 hours")
    snapshots.renew("fathom")
    answer = regions.tick()
    totals = [row["total"] for row in answer[regions.id("table", "by.region")]["data"]]
    assert totals[49:54] == [1, 9, 9, 9, 1]
    assert regions.sent + regions.received < 4500


def test_two_pages_of_the_same_numbers_are_told_the_same(
    regions: Tab, engine: Engine, snapshots: Snapshots
) -> None:
    other = regions.another()
    other.open(PIPELINE, FATHOM)
    with engine.begin() as connection:
        add_files(connection, 1, metadata={"region": "rwa"})
    snapshots.renew("fathom")
    mine, others = regions.tick(), other.tick()
    key = "by.region"
    assert mine[regions.id("table", key)] == others[other.id("table", key)]
    assert regions.text("total") == other.text("total") == "204"


def test_a_page_that_was_narrowed_is_told_what_differs_from_what_it_shows(
    regions: Tab, engine: Engine, snapshots: Snapshots
) -> None:
    regions.narrow(f"{FATHOM}&region={REGIONS[7]}")
    with engine.begin() as connection:
        add_files(connection, 2, metadata={"region": REGIONS[7]})
    snapshots.renew("fathom")
    answer = regions.tick()
    (row,) = answer[regions.id("table", "by.region")]["data"]
    assert (row["value"], row["total"], regions.text("total")) == (REGIONS[7], 3, "3")
    regions.narrow(FATHOM)
    assert regions.text("total") == "205"
    assert regions.hidden("filter.active")


def test_the_time_of_the_numbers_comes_with_every_tick(regions: Tab, snapshots: Snapshots) -> None:
    before = regions.tick()[ids.AS_OF]["data"]["at"]
    snapshots.renew("fathom")
    assert regions.tick()[ids.AS_OF]["data"]["at"] > before
