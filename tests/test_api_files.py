"""`POST /api/etl/files`: all files of a body are registered or none, and again changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from api.files import LARGEST_BODY, MOST_FILES
from jobs.submission import NoDestination, Submitter
from pipelines.registry import Registry
from tests.serving import Api

URL = "/api/etl/files"


@pytest.fixture
def api(engine: Engine, registry: Registry) -> Api:
    return Api(engine, registry)


def post(api: Api, files: Any, **members: Any) -> TestResponse:
    body = {"pipeline": "fathom", "container": "bronze-fathom", "files": files, **members}
    return api.client.post(URL, json={key: value for key, value in body.items() if value != "no"})


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    query = """SELECT etl_type, source_container, source_blob_path, file_size_bytes,
                      source_metadata, phase1_group_key, phase2_group_key
               FROM app.etl_source_files ORDER BY source_blob_path"""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


FULL = {"path": "a.tif", "size": 7, "metadata": {"region": "rwa"}, "groups": {"phase2": "cell"}}


def test_files_are_registered_once(api: Api, engine: Engine) -> None:
    first = post(api, [FULL, {"path": "b.tif"}])
    assert (first.status_code, first.get_json()) == (
        200,
        {"pipeline": "fathom", "files": 2, "written": 2},
    )
    assert rows(engine) == [
        ("fathom", "bronze-fathom", "a.tif", 7, {"region": "rwa"}, None, "cell"),
        ("fathom", "bronze-fathom", "b.tif", None, {}, None, None),
    ]
    before = rows(engine)
    assert post(api, [FULL, {"path": "b.tif"}]).get_json()["written"] == 0
    assert rows(engine) == before
    assert post(api, [{**FULL, "size": 8}]).get_json()["written"] == 1


def test_the_pipeline_may_be_named_by_its_etl_type(api: Api, engine: Engine) -> None:
    answer = post(api, [{"path": "c.tif"}], pipeline="no", etl_type="raster_v2")
    assert answer.get_json()["pipeline"] == "raster_v2"
    assert rows(engine)[0][0] == "raster_v2"


def test_as_many_as_it_takes_are_registered_in_one_body(api: Api, engine: Engine) -> None:
    """More than a megabyte, which is all that other endpoints take."""
    files = [{"path": f"{'x' * 100}/{number}.tif"} for number in range(MOST_FILES)]
    assert post(api, files).get_json()["written"] == MOST_FILES
    assert len(rows(engine)) == MOST_FILES


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"files": [{"path": "ok"}, {"path": ""}]}, "files.1.path: String should have at least 1"),
        ({"files": [{"path": "x" * 513}]}, "files.0.path: String should have at most 512"),
        ({"files": [{"path": "a\0"}]}, "files.0.path: Value error, expected text without NUL"),
        ({"files": [{"path": "a", "metadata": {"b": ["\0"]}}]}, "files.0.metadata: Value error"),
        ({"files": [{"path": "a", "size": -1}]}, "files.0.size: Input should be greater than or"),
        ({"files": [{"path": "a", "size": "7"}]}, "files.0.size: Input should be a valid integer"),
        ({"files": [{"path": "a", "colour": 1}]}, "files.0.colour: Extra inputs are not"),
        ({"files": [{"path": "a", "groups": {"phase9": "g"}}]}, "files.0.groups: 'phase9' is no"),
        ({"files": [{"path": "a", "groups": {"phase1": "g" * 151}}]}, "files.0.groups.phase1: Str"),
        ({"files": {"path": "a"}}, "files: Input should be a valid list"),
        ({"files": [{"path": "a"}] * (MOST_FILES + 1)}, "files: List should have at most 10000"),
        ({"files": "no"}, "files: Field required"),
        ({"container": "no"}, "container: Field required"),
        ({"container": "../x"}, "container: String should match"),
        ({"pipeline": "no"}, "`pipeline` names no pipeline; expected one of: fathom, raster_v2"),
        ({"pipeline": "other"}, "`pipeline` names no pipeline; expected one of: fathom"),
        ({"etl_type": "raster_v2"}, "`pipeline` names no pipeline; expected one of: fathom"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_registered(
    api: Api, engine: Engine, change: dict[str, Any], detail: str
) -> None:
    answer = post(api, change.pop("files", [{"path": "ok"}]), **change)
    problem = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert problem["detail"].startswith(detail), problem["detail"]
    assert rows(engine) == []


def test_the_number_of_further_mistakes_is_said(api: Api) -> None:
    detail = post(api, [{"path": ""}] * 3).get_json()["detail"]
    assert detail.endswith(", and 2 more. Nothing was registered")


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"data": "{", "content_type": "application/json"}, 400, "The body is not JSON"),
        ({"data": "[]", "content_type": "application/json"}, 400, "body: Input should be"),
        ({"data": '{"files": NaN}', "content_type": "application/json"}, 400, "The body is not"),
        ({"data": "{}"}, 415, "Send the pipeline"),
        ({"data": b" " * (LARGEST_BODY + 1), "content_type": "application/json"}, 413, ""),
    ],
)
def test_a_body_that_is_none_is_refused(
    api: Api, body: dict[str, Any], status: int, detail: str
) -> None:
    answer = api.client.post(URL, **body)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["detail"].startswith(detail)


def test_half_a_character_is_refused(api: Api, engine: Engine) -> None:
    body = b'{"pipeline": "fathom", "container": "c", "files": [{"path": "\\ud800"}]}'
    answer = api.client.post(URL, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert rows(engine) == []


def test_a_path_that_is_known_from_another_container_is_a_conflict(
    api: Api, engine: Engine
) -> None:
    post(api, [{"path": "a.tif"}])
    answer = post(api, [{"path": "new.tif"}, {"path": "a.tif"}], container="other")
    assert answer.status_code == 409
    assert "same path as a file of container bronze-fathom" in answer.get_json()["detail"]
    assert len(rows(engine)) == 1


def test_who_does_not_run_jobs_here_does_not_register_either(
    api: Api, engine: Engine, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = NoDestination()
    monkeypatch.setattr(
        Submitter, "register_files", lambda _, *given: nobody.register_files(*given)
    )
    answer = post(api, [{"path": "a.tif"}])
    assert answer.status_code == 503
    assert "set RUNNER=on" in answer.get_json()["detail"]


def test_a_database_that_refuses_is_told(api: Api, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE app.etl_source_files RENAME TO elsewhere"))
    answer = post(api, [{"path": "a.tif"}])
    assert answer.status_code == 503
    assert answer.get_json()["detail"].startswith("Nothing was registered, the database refused")
