from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from database.engine import open_engine
from jobs.source_files import SourceFile, complete, register
from jobs.stages import Job
from pipelines.registry import load_registry
from tests.factories import make_platform_tables

HUGE = 3_000_000_000
FATHOM = load_registry()["fathom"]
GROUPS = {"phase1": "g"}


@pytest.fixture
def platform(empty_database: str) -> Iterator[Engine]:
    make_platform_tables(open_engine(empty_database), "Asia/Kathmandu", "TIMESTAMP")
    engine = open_engine(empty_database)
    yield engine
    engine.dispose()


def add(engine: Engine, *files: SourceFile) -> int:
    with engine.begin() as connection:
        return register(connection, FATHOM, "bronze", files, batch_size=2)


def sizes(engine: Engine) -> list[int | None]:
    query = "SELECT file_size_bytes FROM app.etl_source_files ORDER BY source_blob_path"
    with engine.begin() as connection:
        return list(connection.execute(text(query)).scalars())


def test_a_size_is_kept_where_the_column_holds_it(engine: Engine) -> None:
    add(engine, SourceFile("a", HUGE, {}, GROUPS), SourceFile("b", None, {}, GROUPS))
    assert sizes(engine) == [HUGE, None]


def test_a_size_beyond_the_platforms_integer_is_unknown(platform: Engine) -> None:
    add(platform, SourceFile("a", HUGE, {}, GROUPS), SourceFile("b", 7, {}, GROUPS))
    assert sizes(platform) == [None, 7]


def test_only_what_changes_is_written(engine: Engine) -> None:
    files = [SourceFile(path, 1, {"tile": "x"}, GROUPS) for path in "abc"]
    assert add(engine, *files) == 3
    assert add(engine, *files) == 0
    assert add(engine, SourceFile("a", 2, {"tile": "x"}, GROUPS), *files[1:]) == 1


def test_keys_that_others_put_into_the_metadata_stay(engine: Engine) -> None:
    add(engine, SourceFile("a", 1, {"mine": 1, "tile": "x"}, GROUPS))
    add(engine, SourceFile("a", 1, {"tile": "y"}, GROUPS))
    with engine.begin() as connection:
        metadata = connection.execute(text("SELECT source_metadata FROM app.etl_source_files"))
        assert metadata.scalar_one() == {"mine": 1, "tile": "y"}


def test_completion_marks_the_named_files_and_no_others(engine: Engine) -> None:
    add(engine, *(SourceFile(path, 1, {}, GROUPS) for path in "abc"))
    job = Job("j", "stack", {}, 1, {}, entry=(FATHOM, FATHOM.phases[0]))
    with engine.begin() as connection:
        assert complete(connection, job, ["a", "c"], output="out.tif", group="g") == 2
        assert complete(connection, job, ["a", "c"], output="other.tif", group="g") == 0
    query = "SELECT source_blob_path FROM app.etl_source_files WHERE phase1_completed_at IS NULL"
    with engine.begin() as connection:
        assert connection.execute(text(query)).scalars().all() == ["b"]
