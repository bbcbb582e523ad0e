"""The first page: a card for each pipeline, each with its own reading."""

from __future__ import annotations

from dash import Dash

from layouts import ids
from layouts.links import SELECTOR
from queries.snapshots import Snapshots
from tests.door import Door
from tests.tab import Tab


def test_a_card_says_that_its_numbers_could_not_be_renewed(
    tab: Tab, snapshots: Snapshots, door: Door
) -> None:
    for name in ("fathom", "raster_v2"):
        snapshots.renew(name)
    tab.open(SELECTOR)
    door.close()
    snapshots.renew("fathom")
    answer = tab.tick()
    assert tab.text("fathom.problem").startswith("can't be read now: ")
    assert "not currently accepting connections" in tab.text("fathom.problem")
    assert (tab.text("raster_v2.problem"), tab.text("fathom.files")) == ("", "3 files")
    assert "Showing the last known numbers" in answer[ids.PROBLEM]["children"]
    door.open()
    snapshots.renew("fathom")
    assert tab.tick()[ids.PROBLEM]["hidden"] is True
    assert tab.text("fathom.problem") == ""


def test_the_first_page_is_as_old_as_its_oldest_number(
    dashboard: Dash, snapshots: Snapshots
) -> None:
    for name in ("fathom", "raster_v2", "fathom"):
        snapshots.renew(name)
        tab = Tab(dashboard)
        tab.open(SELECTOR)
        read = [snapshots.latest(one).value for one in ("fathom", "raster_v2")]
        times = [one.as_of for one in read if one is not None]
        assert tab.timestamps["at"] == min(times).isoformat()
