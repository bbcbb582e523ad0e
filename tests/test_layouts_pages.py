"""The pages: every slot has its value, and every value its slot."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from dash import dcc
from dash.development.base_component import Component
from sqlalchemy import Engine

from access.audit import Audit
from callbacks.addresses import Address
from callbacks.page_state import read_panels
from callbacks.pages import job
from callbacks.pages.pipeline import panels
from callbacks.services import Services
from database.engine import open_engine
from jobs.actions import Actions
from jobs.submission import NoDestination
from layouts import ids
from layouts.inconsistencies import inconsistency_values
from layouts.job_page import job_page, missing_page
from layouts.links import JOB_PAGE
from layouts.page import shell
from layouts.page_values import SLOTS, PageValues, fill
from layouts.phases import NO_TASKS
from layouts.pipeline import pipeline_page
from layouts.selector import no_selector_values, selector_page, selector_values
from pipelines.models import Pipeline
from pipelines.registry import Registry, load_registry
from queries.cached_queries import open_cached_queries
from queries.job_report import JobRow
from queries.phases import phase_rows
from queries.snapshot import read_snapshot
from queries.snapshots import Snapshots
from queries.summary import summary
from tests.factories import add_files, add_job, add_task, make_platform_tables
from tests.trees import OPTIONAL, components, find, ids_of, links, slot_ids, text_of

MARKUP = "<img src=x onerror=alert(1)> [a](javascript:alert(1)) **b**"
LONG = "r" * 180
FATHOM = load_registry()["fathom"]
SURVEY = Pipeline.model_validate(
    {
        "id": "survey",
        "name": "Survey",
        "etl_type": "survey",
        "phases": [
            {"id": "fly", "name": "Fly", "completed_field": "phase1_completed_at"},
            {"id": "stitch", "name": "Stitch", "completed_field": "phase2_completed_at"},
            {"id": "publish", "name": "Publish", "completed_field": "phase3_completed_at"},
        ],
        "groupings": [
            {"field": "sensor.name", "label": "Sensor", "from": "source_metadata"},
            {"field": "source_container", "label": "Container", "from": "column"},
        ],
    }
)
PLAIN = Pipeline.model_validate(
    {
        "id": "plain",
        "name": "Plain",
        "etl_type": "plain",
        "phases": [{"id": "only", "name": "Only", "completed_field": "phase1_completed_at"}],
    }
)
REGISTRY = Registry({pipeline.id: pipeline for pipeline in (FATHOM, SURVEY, PLAIN)})
JOB = JobRow("job-1", "stack", "queued", 1, 2, {}, {}, None, None, None, None)
each_pipeline = pytest.mark.parametrize("pipeline", REGISTRY.values(), ids=list(REGISTRY))


@pytest.fixture
def empty(empty_database: str) -> Iterator[Engine]:
    """The platform's tables without rows."""
    engine = open_engine(empty_database)
    make_platform_tables(engine, "UTC", "TIMESTAMPTZ")
    yield engine
    engine.dispose()


@pytest.fixture
def tables(empty: Engine) -> Engine:
    """The platform's tables with rows of every pipeline, some of them odd."""
    with empty.begin() as connection:
        for region in ("rwa", MARKUP, LONG):
            add_files(connection, 2, metadata={"region": region}, group="g1", phase1="20 minutes")
        add_files(connection, 3, metadata={"region": "rwa"}, group="g2", size=None)
        add_files(connection, 4, metadata={"sensor": {"name": "S2"}}, etl_type="survey")
        add_files(connection, 5, etl_type="plain", phase1="2 hours")
        job = add_job(connection, MARKUP[:64], parameters={"region_code": MARKUP})
        add_task(connection, job, "g2", "failed", seconds=3, error=MARKUP, region="rwa")
        add_task(connection, job, "g3", "quarantined")
        add_job(connection, "job-2", job_type="load_vector", status="paused_by_operator")
    return empty


def draw(engine: Engine, pipeline: Pipeline) -> tuple[Component, PageValues]:
    """A pipeline's page and its page values at this moment."""
    snapshot = read_snapshot(engine, pipeline, 10)
    values, failed = read_panels(panels(snapshot, {}))
    assert failed is None
    return pipeline_page(pipeline, {}, {}), values


def select(engine: Engine) -> PageValues:
    """The selector's page values at this moment."""
    values = PageValues()
    for pipeline in REGISTRY.values():
        snapshot = read_snapshot(engine, pipeline, 10)
        values |= selector_values(
            pipeline, summary(snapshot), phase_rows(snapshot), snapshot.jobs, snapshot.as_of, None
        )
    return values


def watch(engine: Engine, job_id: str) -> tuple[Component, PageValues]:
    """A job's page and its page values at this moment."""
    queries = open_cached_queries(engine, REGISTRY, 10, 0)
    snapshots = Snapshots(REGISTRY, lambda pipeline: read_snapshot(engine, pipeline, 10), 1)
    services = Services(
        REGISTRY, snapshots, queries, Actions(REGISTRY, NoDestination(), Audit(engine))
    )
    address = Address(JOB_PAGE, {"job_id": [job_id]})
    state = job.read(services, address, renew=False)
    assert state.page_values is not None
    return job.build(services, address), state.page_values


def keys(page_values: PageValues) -> list[tuple[str, str]]:
    """Kind and key of every value, sorted."""
    return sorted((kind, key) for kind in SLOTS.keys() - OPTIONAL for key in page_values.kind(kind))


@each_pipeline
def test_a_pipelines_leaves_are_exactly_its_values(tables: Engine, pipeline: Pipeline) -> None:
    page, values = draw(tables, pipeline)
    assert sorted(slot_ids(page)) == keys(values)


@each_pipeline
def test_an_empty_table_has_the_same_slots(empty: Engine, pipeline: Pipeline) -> None:
    page, values = draw(empty, pipeline)
    assert sorted(slot_ids(page)) == keys(values)
    assert (values.text["total"], values.text["eta"]) == ("0", "ETA: none – no files")
    assert set(values.bar.values()) == {0.0}


def test_the_selectors_leaves_are_exactly_its_values(tables: Engine) -> None:
    assert sorted(slot_ids(selector_page(REGISTRY))) == keys(select(tables))


def test_a_card_without_numbers_has_the_same_slots_as_one_with(tables: Engine) -> None:
    values = PageValues()
    for pipeline in REGISTRY.values():
        values |= no_selector_values(pipeline, "it is away")
    assert keys(values) == keys(select(tables))
    assert values.text["plain.problem"] == "can't be read: it is away"


@pytest.mark.parametrize("job_id", [MARKUP[:64], "job-2"])
def test_a_monitors_leaves_are_exactly_its_values(tables: Engine, job_id: str) -> None:
    page, values = watch(tables, job_id)
    assert sorted(slot_ids(page)) == keys(values)


@each_pipeline
def test_ids_are_unique_on_a_pipelines_page(pipeline: Pipeline) -> None:
    found = ids_of(shell()) + ids_of(pipeline_page(pipeline, {}, {}))
    assert len(found) == len(set(found))


def test_ids_are_unique_on_the_selector_and_the_monitor() -> None:
    for page in (selector_page(REGISTRY), job_page(JOB, 2, FATHOM)):
        found = ids_of(shell()) + ids_of(page)
        assert len(found) == len(set(found))


def test_a_page_stays_small_however_many_regions_there_are() -> None:
    # Dash draws a new page in a time that grows with the square of its components.
    known = {field: [f"value-{n}" for n in range(1000)] for field in FATHOM.dimensions}
    assert len(list(components(pipeline_page(FATHOM, {}, known)))) < 500


@pytest.mark.parametrize("name", ["card.processing", "card.failed", "average"])
def test_a_phase_without_tasks_has_dashes_that_say_why(tables: Engine, name: str) -> None:
    page, values = draw(tables, PLAIN)
    assert values.text[f"only.{name}"].endswith("–")
    assert find(page, ids.text(f"only.{name}")).title == NO_TASKS


def test_a_phase_with_tasks_has_numbers_and_nothing_to_explain(tables: Engine) -> None:
    page, values = draw(tables, FATHOM)
    assert values.text["phase1.card.failed"] == "3"
    assert getattr(find(page, ids.text("phase1.card.failed")), "title", None) is None


@pytest.mark.parametrize(
    ("pipeline", "words"), [(FATHOM, "files, all phases"), (PLAIN, "no phase names its tasks")]
)
def test_the_failed_tile_says_what_it_is_of(pipeline: Pipeline, words: str) -> None:
    assert words in text_of(pipeline_page(pipeline, {}, {}))


@pytest.mark.parametrize("region", [MARKUP, LONG])
def test_a_region_is_shown_as_it_is(tables: Engine, region: str) -> None:
    _, values = draw(tables, FATHOM)
    assert [row["total"] for row in values.table["by.region"] if row["value"] == region] == [2]


def test_no_cell_but_our_own_links_is_markdown_and_none_is_html(tables: Engine) -> None:
    pages = [draw(tables, FATHOM)[0], watch(tables, MARKUP[:64])[0]]
    tables_ = [part for page in pages for part in components(page) if hasattr(part, "columns")]
    markdown = {c["id"] for t in tables_ for c in t.columns if c.get("presentation") == "markdown"}
    assert markdown == {"job", "monitor", "view"}
    assert not any(part.markdown_options["html"] for part in tables_)
    assert not [p for page in pages for p in components(page) if isinstance(p, dcc.Markdown)]


def test_a_job_id_with_markup_is_a_harmless_link(tables: Engine) -> None:
    _, values = draw(tables, FATHOM)
    (active,) = values.table["active"]
    assert active["place"] == MARKUP
    assert active["job"].startswith("[imgsrcxo…](#copy=%3Cimg")
    assert active["monitor"].startswith("[Monitor](/api/interface/tasks?job_id=%3Cimg")
    for link in (active["job"], active["monitor"]):
        assert link.count("(") == link.count(")") == 1


def test_a_value_with_markup_is_a_harmless_link(tables: Engine) -> None:
    _, values = draw(tables, FATHOM)
    (view,) = [row["view"] for row in values.table["by.region"] if row["value"] == MARKUP]
    assert view.startswith("[View](/api/interface/pipeline?type=fathom&region=%3Cimg")
    assert view.count("(") == view.count(")") == 1


def test_a_tasks_error_is_shown_as_it_is(tables: Engine) -> None:
    _, values = watch(tables, MARKUP[:64])
    assert values.rows["tasks"][0]["error_details"] == MARKUP


def test_a_monitor_shows_statuses_that_nobody_knows(tables: Engine) -> None:
    assert watch(tables, "job-2")[1].text["job.status"] == "paused_by_operator"
    tasks = watch(tables, MARKUP[:64])[1].rows["tasks"]
    assert [task["status"] for task in tasks] == ["✕ failed", "quarantined"]


def test_disabled_submit_buttons_say_why() -> None:
    job_types = [action.job_type for action in FATHOM.submit_actions]
    page = pipeline_page(FATHOM, dict.fromkeys(job_types, "There is no runner."), {})
    buttons = [find(page, ids.opener(job_type)) for job_type in job_types]
    assert all(button.disabled for button in buttons)
    assert {button.title for button in buttons} == {"There is no runner."}


def test_a_job_links_to_its_pipeline_and_a_job_of_none_to_nothing(tables: Engine) -> None:
    assert "/api/interface/pipeline?type=fathom" in links(watch(tables, MARKUP[:64])[0])
    assert not any("pipeline" in link for link in links(watch(tables, "job-2")[0]))


def test_a_job_that_is_not_there_is_told_with_its_id_as_text() -> None:
    assert MARKUP in text_of(missing_page(MARKUP))
    assert links(missing_page("Several", ["a b", "c"])) == [
        "/api/interface/tasks?job_id=a+b",
        "/api/interface/tasks?job_id=c",
        "/",
    ]


def test_inconsistencies_are_hidden_when_there_are_none(tables: Engine) -> None:
    page, values = draw(tables, FATHOM)
    assert find(fill(page, values), ids.visible("inconsistencies")).hidden is True


def test_inconsistencies_are_listed_with_their_count() -> None:
    found = pd.DataFrame({"text": ["files are odd", "tasks are odd"], "count": [1200, 3]})
    values = inconsistency_values(found)
    assert values.text["inconsistencies"] == "1,200 files are odd; 3 tasks are odd"
    assert values.property("visible", "inconsistencies") is False


def test_files_of_unknown_size_are_told(tables: Engine) -> None:
    _, values = draw(tables, FATHOM)
    assert values.text["bytes"] == "0 B of 600 B processed (size unknown for 3 files)"


def test_a_filled_page_has_its_numbers_before_it_is_sent(tables: Engine) -> None:
    page = fill(*draw(tables, FATHOM))
    assert find(page, ids.text("total")).children == "9"
    assert find(page, ids.bar("phase1.completed")).style == {"width": "66.67%"}
    assert len(find(page, ids.table("by.region")).data) == 3


def test_a_page_without_numbers_has_dashes_and_not_zeros() -> None:
    page = fill(pipeline_page(FATHOM, {}, {}), None)
    assert find(page, ids.text("total")).children == "–"
    assert find(page, ids.visible("inconsistencies")).hidden is True
