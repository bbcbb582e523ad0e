"""The submit dialog, as a browser would ask for it: opened, checked, submitted, run again."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, text

from callbacks.forms import FilledForm, submit_form
from jobs.platform import Platform
from jobs.runner_queue import RunnerQueue
from jobs.submission import Submitter
from layouts import ids
from layouts.links import JOB_PAGE, PIPELINE
from layouts.submit import names
from pipelines.registry import Registry
from queries.snapshots import Snapshots
from tests.catalog import JOB_TYPES, STORAGE
from tests.door import Door
from tests.factories import add_files
from tests.platform import breaks, listening, refuses
from tests.tab import Tab, Written
from tests.trees import written

FATHOM, STACK, MERGE = "?type=fathom", "process_fathom_stack", "process_fathom_merge"
TILE = {
    "region": "rwa",
    "flood_type": "fluvial",
    "defense": "defended",
    "year": 2020,
    "tile": "s02e029",
}


@pytest.fixture
def form(tab: Tab, engine: Engine) -> Tab:
    """The page of FATHOM over two groups of eight files, one of them stacked an hour ago."""
    with engine.begin() as connection:
        add_files(connection, 8, metadata=TILE, group="g1")
        add_files(connection, 8, metadata=TILE, group="g2", phase1="30 minutes")
    tab.open(PIPELINE, FATHOM)
    return tab


def part(answer: Written, name: str, job_type: str = STACK) -> dict[str, Any]:
    return answer[written({"form": job_type, "part": name})]


def words(answer: Written, name: str = "preview", job_type: str = STACK) -> str:
    return json.dumps(part(answer, name, job_type)["children"], ensure_ascii=False)


def mistakes(answer: Written) -> dict[str, str]:
    mistaken = {n: v["children"] for n, v in answer.items() if "mistake" in n and v["children"]}
    return {json.loads(name)["mistake"]: message for name, message in mistaken.items()}


def end_jobs(engine: Engine, status: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE app.jobs SET status = :status"), {"status": status})


def rows(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        query = text("SELECT job_id, status::text, parameters FROM app.jobs")
        return list(connection.execute(query).all())


def test_a_form_opens_with_the_filters_of_the_page(form: Tab) -> None:
    form.address = (PIPELINE, f"{FATHOM}&region=rwa&year=2020&year=2030&defense=defended")
    answer = form.click_opener(STACK)
    taken = {json.loads(n)["field"]: v["value"] for n, v in answer.items() if "field" in n}
    assert taken == {"region_code": "rwa", "years": [2020, 2030]}
    assert part(answer, "answer")["children"].endswith("page's filters: Defense defended.")


def test_a_form_of_a_page_without_filters_keeps_what_was_typed(form: Tab) -> None:
    assert form.click_opener(STACK) == {
        written(ids.form(STACK)): {"is_open": True},
        written(ids.answer(STACK)): {"children": ""},
    }


def test_a_tick_writes_into_no_form(form: Tab, engine: Engine) -> None:
    with engine.begin() as connection:
        add_files(connection, 1, metadata=TILE)
    answer = form.tick(click=ids.REFRESH)
    assert form.text("total") == "20"
    assert [name for name in answer if '"form"' in name] == []


def test_a_valid_form_says_what_it_would_do(form: Tab, snapshots: Snapshots) -> None:
    snapshots.renew("fathom")
    answer = form.check(STACK, {"region_code": "rwa"})
    assert "1 group with 8 files to process" in words(answer)
    said = re.search(
        r"Expected duration: (\d+)m (\d+)s at the current rate of (\d+)/hr", words(answer)
    )
    assert said
    minutes, seconds, rate = map(int, said.groups())
    # The hour begins with a minute, so it is up to one longer; the rate is of eight files in it.
    assert 30 * 60 <= 60 * minutes + seconds <= 31 * 60
    assert rate == round(8 * 3600 / (60 * minutes + seconds))
    assert part(answer, "send")["children"] == "Submit 1 group"
    assert part(answer, "again")["hidden"] is True
    both = form.check(STACK, {"region_code": "rwa", "force_reprocess": True})
    assert part(both, "send")["children"] == "Submit 2 groups"


def test_without_a_rate_the_form_says_why(form: Tab, snapshots: Snapshots) -> None:
    snapshots.renew("fathom")
    answer = form.check(MERGE, {"region_code": "rwa"})
    assert "unknown, no file finished yet" in words(answer, job_type=MERGE)


def test_a_closed_form_asks_nobody(form: Tab, door: Door) -> None:
    door.close()
    assert form.check(STACK, {"region_code": "rwa"}, is_open=False) == {}


def test_a_form_that_is_not_filled_in_yet_blames_nobody(form: Tab) -> None:
    answer = form.check(STACK, {})
    assert "fill in Region" in words(answer)
    assert mistakes(answer) == {}
    assert part(answer, "send")["children"] == "Submit"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bbox.west": 31, "bbox.south": -3, "bbox.east": 28, "bbox.north": 0}, "west < east"),
        ({"bbox.west": 28, "bbox.south": 3, "bbox.east": 31, "bbox.north": 0}, "south < north"),
        ({"bbox.west": 28, "bbox.south": -3, "bbox.east": 181, "bbox.north": 0}, "≤ 180"),
    ],
)
def test_a_bounding_box_is_checked_when_it_is_whole(
    form: Tab, fields: dict[str, float], message: str
) -> None:
    half = form.check(STACK, {"region_code": "rwa", "bbox.west": fields["bbox.west"]})
    assert mistakes(half) == {}
    assert "fill in Bounding box" in words(half)
    answer = form.check(STACK, {"region_code": "rwa", **fields})
    assert message in mistakes(answer)["bbox"]
    assert "fix the highlighted fields" in words(answer)


def test_a_number_out_of_bounds_is_not_taken_for_the_default(form: Tab, engine: Engine) -> None:
    # A browser sends nothing for a number that it does not accept.
    wrong = {"region_code": "rwa", "grid_size": None}
    assert mistakes(form.check(MERGE, wrong)) == {"grid_size": "expected 2 to 10"}
    assert mistakes(form.submit(MERGE, wrong)) == {"grid_size": "expected 2 to 10"}
    assert rows(engine) == []


def test_a_mistake_that_was_mended_is_no_longer_told(form: Tab) -> None:
    answer = form.check(MERGE, {"region_code": "rwa", "grid_size": 3})
    assert answer[written(ids.mistake(MERGE, "grid_size"))] == {"children": ""}


def test_a_job_that_exists_is_shown_before_it_is_submitted(form: Tab, engine: Engine) -> None:
    form.submit(STACK, {"region_code": "rwa"})
    ((job_id, _, _),) = rows(engine)
    answer = form.check(STACK, {"region_code": " rwa "})
    assert f"{JOB_PAGE}?job_id={job_id}" in words(answer)
    assert "was already submitted with these parameters (○ queued)" in words(answer)
    assert part(answer, "send")["children"] == "Already submitted"
    assert part(answer, "again")["hidden"] is True


def test_a_failed_job_is_offered_again_and_run_again_once(form: Tab, engine: Engine) -> None:
    form.submit(STACK, {"region_code": "rwa"})
    end_jobs(engine, "failed")
    offered = form.check(STACK, {"region_code": "rwa"})
    job_id = part(offered, "existing")["data"]
    assert part(offered, "again")["hidden"] is False
    first, second = (form.run_again(STACK, job_id) for _ in range(2))
    assert ": retrying 0 tasks" in words(first, "answer")
    assert "is queued; only a job that is failed" in words(second, "answer")
    assert first[ids.SUBMITTED]["data"]
    assert [status for _, status, _ in rows(engine)] == ["queued"]


def test_a_page_that_is_opened_runs_nothing_again(form: Tab, engine: Engine) -> None:
    form.submit(STACK, {"region_code": "rwa"})
    end_jobs(engine, "failed")
    job_id = rows(engine)[0].job_id
    assert form.run_again(STACK, job_id, clicks=None) == {}
    assert form.run_again(STACK, None) == {}
    assert rows(engine)[0].status == "failed"


def test_a_page_that_is_opened_submits_nothing(form: Tab, engine: Engine) -> None:
    form.open(PIPELINE, FATHOM)
    assert rows(engine) == []


def test_a_database_that_is_away_is_told_in_the_form(form: Tab, door: Door) -> None:
    door.close()
    answer = form.check(STACK, {"region_code": "rwa"})
    assert "What the job would do can't be said, the database refused" in words(answer)
    assert part(answer, "send")["children"] == "Submit"
    assert "Nothing was changed" in words(form.run_again(STACK, "abc"), "answer")


def filled(registry: Registry, **values: Any) -> FilledForm:
    action = registry.action(STACK)
    assert action is not None
    return FilledForm(action, {**dict.fromkeys(names(action)), **values})


def test_two_clicks_at_once_make_one_job_and_the_second_is_told(
    tables: Engine, registry: Registry
) -> None:
    submitter, both = (
        Submitter(registry, RunnerQueue(tables, JOB_TYPES, registry, STORAGE)),
        Barrier(2),
    )

    def click(_: int) -> str:
        both.wait()
        _, answer = submit_form(submitter, filled(registry, region_code="rwa"))
        return str(answer[1])

    with ThreadPoolExecutor(2) as people:
        answers = sorted(people.map(click, range(2)), key=len)
    assert answers == [" submitted.", " was already submitted with these parameters (○ queued)."]
    assert len(rows(tables)) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refuses, "The platform refused the job (400): region 'rwa' is being archived"),
        (breaks, "The platform refused the job (500): Internal Server Error"),
    ],
)
def test_a_person_reads_what_the_platform_says(
    engine: Engine, registry: Registry, answer: Any, message: str
) -> None:
    with listening(answer) as url:
        submitter = Submitter(registry, Platform(url, engine))
        assert submit_form(submitter, filled(registry, region_code="rwa")) == ({}, message)
