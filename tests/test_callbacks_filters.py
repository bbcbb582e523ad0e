"""What filters do to an open page, and a panel that fails."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from layouts import ids
from layouts.links import PIPELINE
from tests.factories import CIV, RWA, add_files, add_job, add_three
from tests.tab import Tab
from tests.trees import written

FATHOM = "?type=fathom"


def test_filters_narrow_the_open_page_without_building_it_again(tab: Tab, engine: Engine) -> None:
    add_three(engine)
    with engine.begin() as connection:
        for region in ("rwa", "civ"):
            add_job(connection, f"job-{region}", parameters={"region_code": region})
        add_job(connection, "job-any", parameters={})
    tab.open(PIPELINE, FATHOM)
    assert tab.text("total") == "6"
    answer = tab.narrow(f"{FATHOM}&region=RWA")
    assert (tab.text("total"), tab.text("phase1.card.pending")) == ("3", "3")
    assert tab.text("filter.filtered") == "Filtered: Region 1 of 2, 3 of 6 files"
    active = answer[tab.id("table", "active")]["data"]
    assert {row["id"] for row in active} == {"job-rwa", "job-any"}
    assert [row["value"] for row in answer[tab.id("table", "by.region")]["data"]] == ["rwa"]
    assert "region=RWA" in answer[tab.id("href", "phase1.card.pending")]["href"]
    tab.narrow(FATHOM)
    assert tab.text("total") == "6"


def test_a_page_that_is_opened_narrowed_is_narrowed_at_first_sight(
    tab: Tab, engine: Engine
) -> None:
    add_three(engine)
    tab.open(PIPELINE, f"{FATHOM}&region=civ&region=nowhere")
    assert tab.text("total") == "3"
    (filter_,) = [p for p in tab.properties() if written(p.get("id")).endswith('.filter.region"}')]
    assert filter_["value"] == ["civ", "nowhere"]
    assert [option["label"] for option in filter_["options"]] == [
        "civ (3)",
        "rwa (3)",
        "nowhere (0)",
    ]


def test_the_totals_above_a_breakdown_are_the_banners(tab: Tab, engine: Engine) -> None:
    add_three(engine)
    tab.open(PIPELINE, f"{FATHOM}&region=civ")
    (table,) = [p for p in tab.properties() if written(p.get("id")).endswith('.by.region"}')]
    heads = {column["id"]: column["name"] for column in table["columns"]}
    assert heads["value"] == ["Total (1 value)", "Region"]
    assert heads["total"] == [tab.text("total"), "Total files"]
    assert heads["phase1_pending"] == [tab.text("phase1.card.pending"), "Phase 1 pending"]


def test_the_rows_of_a_closed_panel_are_sent_when_it_is_opened(tab: Tab, engine: Engine) -> None:
    tab.open(PIPELINE, FATHOM)
    add_three(engine)
    answer = tab.tick(click=ids.REFRESH)
    region, kind = tab.id("table", "by.region"), tab.id("table", "by.flood_type")
    assert region in answer
    assert kind not in answer
    answer = tab.narrow(f"{FATHOM}&open=by.flood_type")
    assert region not in answer
    assert [row["total"] for row in answer[kind]["data"]] == [6]
    assert answer[kind]["columns"][0]["name"][0] == "Total (1 value)"
    add_three(engine)
    assert region not in tab.tick(click=ids.REFRESH)
    assert region in tab.narrow(FATHOM)


def test_a_panel_that_fails_does_not_take_the_page_along(
    tab: Tab, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab.open(PIPELINE, FATHOM)
    add_three(engine)
    monkeypatch.setattr("callbacks.pages.pipeline.active_job_values", lambda _: 1 / 0)
    answer = tab.tick(click=ids.REFRESH)
    assert tab.text("total") == "6"
    assert answer[ids.PROBLEM]["children"].startswith("Active jobs can't be drawn")
    assert tab.id("table", "active") not in answer


def test_every_filter_offers_its_values_however_many_are_chosen(tab: Tab, engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 2, metadata=RWA)
        add_files(connection, 1, metadata={**CIV, "year": 2030})
    tab.open(PIPELINE, f"{FATHOM}&region=rwa&year=2020")
    assert offered(tab, "region") == {"rwa"}
    assert offered(tab, "year") == {"2020", "not set"}
    assert offered(tab, "flood_type") == {"fluvial"}
    tab.narrow(f"{FATHOM}&region=rwa")
    assert offered(tab, "region") == {"rwa", "civ"}


def offered(tab: Tab, field: str) -> set[str]:
    """The values of a filter's options."""
    name = tab.id("options", f"filter.{field}")
    (options,) = [
        props["options"] for props in tab.properties() if written(props.get("id")) == name
    ]
    return {option["value"] for option in options}
