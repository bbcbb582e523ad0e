"""What happens at a navigation, a tick and a click, as a browser would ask for it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import Engine, text

from layouts import ids
from layouts.links import JOB_PAGE, PIPELINE, SELECTOR
from queries.snapshots import Snapshots
from tests.door import Door
from tests.factories import add_job, add_three
from tests.tab import Tab, Written
from tests.trees import written

FATHOM, STACK = "?type=fathom", "process_fathom_stack"
HEADER = {ids.AS_OF, ids.ACTIVE, ids.PROBLEM}


def page_values(answer: Written) -> Written:
    """What an answer writes into the page, without the header around it."""
    return {name: values for name, values in answer.items() if name not in HEADER}


def jobs(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT job_id, parameters FROM app.jobs")).all())


def test_a_pipelines_page_has_its_numbers_at_first_sight(tab: Tab) -> None:
    answer = tab.open(PIPELINE, FATHOM)
    assert tab.text("total") == "3"
    assert answer[ids.PROBLEM] == {"children": "", "hidden": True}
    assert answer[ids.AS_OF]["data"]["age"] < 60


def test_the_pipelines_are_shown_before_they_are_read(tab: Tab, snapshots: Snapshots) -> None:
    tab.open(SELECTOR)
    assert tab.text("fathom.problem") == "being read for the first time"
    snapshots.renew("fathom")
    tab.tick()
    assert tab.text("fathom.files") == "3 files"


@pytest.mark.parametrize("name", ["nothing", "<script>alert(1)</script>"])
def test_a_pipeline_that_is_not_there_is_told_with_its_name_as_text(tab: Tab, name: str) -> None:
    answer = tab.open(PIPELINE, f"?type={name}")
    message = f"There is no pipeline “{name}”. Available pipelines:"
    assert {"children": message, "className": "notice"} in list(tab.properties())
    assert answer[ids.PROBLEM]["hidden"] is True


@pytest.mark.parametrize(
    "address", [(SELECTOR, ""), (PIPELINE, FATHOM), (JOB_PAGE, "?job_id=job-1")]
)
def test_a_tick_without_a_change_writes_no_leaf(
    tab: Tab, engine: Engine, snapshots: Snapshots, address: tuple[str, str]
) -> None:
    with engine.begin() as connection:
        add_job(connection, "job-1")
    snapshots.renew("fathom")
    tab.open(*address)
    snapshots.renew("fathom")
    answer = tab.tick()
    # The time of the numbers is new, and with it what the page shows.
    written = {name for name in page_values(answer) if not re.search("as_of|digest", name)}
    assert written == set()
    assert ids.AS_OF in answer


def test_a_tick_after_a_change_writes_what_changed_and_no_more(
    tab: Tab, engine: Engine, snapshots: Snapshots
) -> None:
    tab.open(PIPELINE, FATHOM)
    add_three(engine)
    snapshots.renew("fathom")
    written_values = page_values(tab.tick())
    assert tab.text("total") == "6"
    table = written_values[tab.id("table", "by.region")]
    assert [row["value"] for row in table["data"]] == ["civ", "rwa"]
    assert tab.id("text", "phase1.card.pending") in written_values
    assert tab.id("text", "phase1.card.completed") not in written_values
    assert tab.id("bar", "phase1.completed") not in written_values


def test_a_tick_after_a_page_of_another_process_writes_every_leaf(
    tab: Tab,
) -> None:
    tab.open(PIPELINE, FATHOM)
    (store,) = [p for p in tab.properties() if "digest" in (p.get("id") or ())]
    store["data"] = "of another process"
    written_values = page_values(tab.tick())
    assert tab.id("text", "phase1.card.completed") in written_values
    assert tab.id("table", "by.region") in written_values


def test_a_tick_waits_for_nobody_and_a_click_on_refresh_for_new_numbers(
    tab: Tab, engine: Engine
) -> None:
    tab.open(PIPELINE, FATHOM)
    add_three(engine)
    assert page_values(tab.tick()) == {}
    tab.tick(click=ids.REFRESH)
    assert tab.text("total") == "6"


@pytest.mark.parametrize("address", [(SELECTOR, ""), (PIPELINE, "?type=raster_v2")])
def test_a_page_that_was_left_gets_nothing_of_the_next_one(
    tab: Tab, snapshots: Snapshots, address: tuple[str, str]
) -> None:
    tab.open(PIPELINE, FATHOM)
    snapshots.renew("raster_v2")
    tab.address = address
    assert page_values(tab.tick()) == {}


def test_an_answer_that_comes_late_finds_no_leaf_on_the_next_page(tab: Tab, engine: Engine) -> None:
    tab.open(PIPELINE, FATHOM)
    add_three(engine)
    late = page_values(tab.tick(click=ids.REFRESH))
    tab.open(PIPELINE, "?type=raster_v2")
    there = {written(props["id"]) for props in tab.properties() if "id" in props}
    assert any(name.endswith('.total"}') for name in late)
    assert late.keys() & there == set()


def test_jobs_that_run_are_told_to_the_browser(tab: Tab, engine: Engine) -> None:
    assert tab.open(PIPELINE, FATHOM)[ids.ACTIVE]["data"] is False
    with engine.begin() as connection:
        add_job(connection, "job-1")
    answer = tab.tick(click=ids.REFRESH)
    assert answer[ids.ACTIVE]["data"] is True
    assert [row["id"] for row in answer[tab.id("table", "active")]["data"]] == ["job-1"]


def test_a_database_that_went_away_leaves_the_last_numbers_and_is_told(
    tab: Tab, door: Door
) -> None:
    tab.open(PIPELINE, FATHOM)
    door.close()
    answer = tab.tick(click=ids.REFRESH)
    assert tab.text("total") == "3"
    assert answer[ids.PROBLEM]["hidden"] is False
    assert "not currently accepting connections" in answer[ids.PROBLEM]["children"]


def test_a_database_that_came_back_is_told_too(tab: Tab, door: Door, engine: Engine) -> None:
    tab.open(PIPELINE, FATHOM)
    door.close()
    tab.tick(click=ids.REFRESH)
    door.open()
    add_three(engine)
    answer = tab.tick(click=ids.REFRESH)
    assert answer[ids.PROBLEM] == {"children": "", "hidden": True}
    assert tab.text("total") == "6"


def test_a_table_that_is_missing_is_named_and_its_return_noticed(tab: Tab, engine: Engine) -> None:
    tab.open(PIPELINE, FATHOM)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE app.tasks RENAME TO elsewhere"))
    answer = tab.tick(click=ids.REFRESH)
    assert 'relation "app.tasks" does not exist' in answer[ids.PROBLEM]["children"]
    assert tab.text("total") == "3"
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE app.elsewhere RENAME TO tasks"))
    assert tab.tick(click=ids.REFRESH)[ids.PROBLEM]["hidden"] is True


@pytest.mark.parametrize("statement_timeout", [0.5])
def test_a_database_that_is_slow_is_given_up_and_told(tab: Tab, engine: Engine) -> None:
    tab.open(PIPELINE, FATHOM)
    with engine.connect() as blocking, blocking.begin():
        blocking.execute(text("LOCK TABLE app.jobs IN ACCESS EXCLUSIVE MODE"))
        answer = tab.tick(click=ids.REFRESH)
    assert "statement timeout" in answer[ids.PROBLEM]["children"]
    assert tab.text("total") == "3"


def test_a_database_that_was_never_there_gives_dashes_and_is_told(tab: Tab, door: Door) -> None:
    door.close()
    answer = tab.open(PIPELINE, FATHOM)
    assert tab.text("total") == "–"
    assert answer[ids.PROBLEM]["hidden"] is False
    assert (answer[ids.ACTIVE]["data"], answer[ids.AS_OF]["data"]["age"]) == (False, 0)
    assert "The numbers are the last ones" not in answer[ids.PROBLEM]["children"]


def test_a_page_of_dashes_gets_its_numbers_when_the_database_comes(
    tab: Tab, door: Door, snapshots: Snapshots
) -> None:
    door.close()
    tab.open(PIPELINE, FATHOM)
    door.open()
    snapshots.renew("fathom")
    tab.tick()
    assert tab.text("total") == "3"


def test_a_job_is_watched_while_it_changes(tab: Tab, engine: Engine) -> None:
    with engine.begin() as connection:
        add_job(connection, "job-1")
    tab.open(JOB_PAGE, "?job_id=job-1")
    assert tab.text("job.status") == "◐ processing"
    with engine.begin() as connection:
        connection.execute(text("UPDATE app.jobs SET status = 'failed', error_details = '<b>'"))
    answer = tab.tick()
    assert answer[tab.id("text", "error")]["children"] == "<b>"
    assert answer[tab.id("visible", "error")]["hidden"] is False


@pytest.mark.parametrize("job_id", ["abc", "<b>x</b>", ""])
def test_a_job_that_is_not_there_is_told(tab: Tab, job_id: str) -> None:
    tab.open(JOB_PAGE, f"?job_id={job_id}")
    assert f"There is no job “{job_id}”." in json.dumps(tab.page, ensure_ascii=False)
    assert page_values(tab.tick()) == {}


def test_a_job_that_can_not_be_read_is_not_said_to_be_missing(tab: Tab, door: Door) -> None:
    door.close()
    answer = tab.open(JOB_PAGE, "?job_id=job-1")
    assert "can't be read now" in json.dumps(tab.page)
    assert answer[ids.PROBLEM]["hidden"] is False


def test_a_click_opens_a_form_and_a_new_page_does_not(tab: Tab) -> None:
    tab.open(PIPELINE, FATHOM)
    assert tab.click_opener(STACK, None) == {}
    assert tab.click_opener(STACK)[written(ids.form(STACK))] == {"is_open": True}


def test_mistakes_are_told_at_their_fields_and_nothing_is_submitted(
    tab: Tab, engine: Engine
) -> None:
    tab.open(PIPELINE, FATHOM)
    answer = tab.submit(STACK, {"bbox.west": 28, "source_container": "x" * 600})
    written = {
        json.loads(name)["mistake"]: values["children"]
        for name, values in answer.items()
        if "mistake" in name and values["children"]
    }
    assert written == {
        "region_code": "is required",
        "bbox": "expected four numbers: west, south, east, north",
        "source_container": "expected at most 512 printable characters",
    }
    assert jobs(engine) == []


def test_a_right_form_makes_one_job_and_links_to_it(tab: Tab, engine: Engine) -> None:
    tab.open(PIPELINE, FATHOM)
    answer = tab.submit(STACK, {"region_code": "rwa", "years": [2020]})
    ((job_id, parameters),) = jobs(engine)
    link, words = answer[written(ids.answer(STACK))]["children"]
    assert (parameters["region_code"], parameters["years"]) == ("rwa", [2020])
    assert link["props"]["href"] == f"{JOB_PAGE}?job_id={job_id}"
    assert words == " submitted."


def test_a_submission_asks_the_page_to_look_again(tab: Tab) -> None:
    tab.open(PIPELINE, FATHOM)
    assert tab.submit(STACK, {"region_code": "rwa"})[ids.SUBMITTED]["data"]


@pytest.mark.parametrize("address", [(PIPELINE, FATHOM), (SELECTOR, "")])
def test_a_page_looks_again_after_a_submission(
    tab: Tab, engine: Engine, snapshots: Snapshots, address: tuple[str, str]
) -> None:
    snapshots.renew("fathom")
    tab.open(*address)
    with engine.begin() as connection:
        add_job(connection, "job-1")
    assert tab.tick()[ids.ACTIVE]["data"] is False
    assert tab.look_again()[ids.ACTIVE]["data"] is True


def test_the_same_form_again_tells_of_the_job_that_exists(tab: Tab, engine: Engine) -> None:
    tab.open(PIPELINE, FATHOM)
    tab.submit(STACK, {"region_code": "rwa"})
    answer = tab.submit(STACK, {"region_code": " rwa"})
    assert (
        "was already submitted with these parameters (○ queued)"
        in answer[written(ids.answer(STACK))]["children"][1]
    )
    assert len(jobs(engine)) == 1


def test_a_submission_to_a_database_that_is_away_is_told(tab: Tab, door: Door) -> None:
    tab.open(PIPELINE, FATHOM)
    door.close()
    answer = tab.submit(STACK, {"region_code": "rwa"})
    assert (
        "Nothing was changed, the database refused"
        in answer[written(ids.answer(STACK))]["children"]
    )
