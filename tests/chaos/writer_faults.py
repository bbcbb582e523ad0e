"""Others write into the tables while jobs run, and what is kept is compacted and recounted."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from database.engine import open_engine
from database.rollups.keeper import Keeper
from database.rollups.rebuild import rebuild
from database.rollups.state import rollups_of
from jobs.lease import is_passing
from tests.chaos.database_faults import database_is_dumped_and_restored
from tests.chaos.world import Chance, World

WRITERS = 4


def writers_write_during_compaction(world: World, chance: Chance) -> None:
    """Four writers, a fold every tenth of a second, and full counts in between."""
    world.start_runner()
    keeper = Keeper(world.engine, 0.1)
    keeper.start()

    def strike() -> None:
        with world.engine.connect() as connection:
            subjects = list(rollups_of(connection))
        for subject in subjects:
            rebuild(world.engine, subject)

    try:
        with writers(world.url, chance):
            world.work(chance, strike)
    finally:
        keeper.stop()


def database_is_dumped_under_writers(world: World, chance: Chance) -> None:
    """As when it is dumped and restored, while four writers write."""
    with writers(world.url, chance):
        database_is_dumped_and_restored(world, chance)


@contextmanager
def writers(url: str, chance: Chance) -> Iterator[None]:
    """Writers of files and tasks that no job of the run has anything to do with."""
    stopped = threading.Event()
    engine = open_engine(url)
    seeds = [chance.random.random() for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        at_work = [pool.submit(_write, engine, random.Random(seed), stopped) for seed in seeds]
        try:
            yield
        finally:
            stopped.set()
        # Raises what no writer should have been told.
        written = sum(one.result() for one in at_work)
    engine.dispose()
    assert written > 0


def _write(engine: Engine, random: random.Random, stopped: threading.Event) -> int:
    written = 0
    while not stopped.wait(random.uniform(0, 0.05)):
        try:
            with engine.connect() as connection, connection.begin() as transaction:
                for _ in range(random.randint(1, 4)):
                    values = {"n": random.randint(1, 9), "key": f"w{random.randint(1, 9)}"}
                    connection.execute(text(random.choice(WRITES)), values)
                if random.random() < 0.2:
                    transaction.rollback()
            written += 1
        except DBAPIError as error:
            if not is_passing(error) and getattr(error.orig, "pgcode", None) not in IN_A_RESTORE:
                raise
            # Two of them were in each other's way, or the database was away.
            stopped.wait(0.1)
    return written


# What a database that is being restored has not yet: schemas, tables, types.
IN_A_RESTORE = ("3F000", "42P01", "42704")


# Ids of their own: while a database is being restored its sequences stand at the beginning.
WRITES = [
    """
    INSERT INTO app.etl_source_files
        (id, etl_type, source_blob_path, source_container, file_size_bytes, source_metadata,
         phase1_group_key)
    SELECT 1000000 + floor(random() * 2000000000),
           CASE WHEN i % 2 = 0 THEN 'fathom' ELSE 'raster_v2' END, gen_random_uuid()::text,
           'elsewhere', i, jsonb_build_object('region', 'zzz', 'year', 2000 + i), :key
    FROM generate_series(1, :n) AS i
    """,
    """
    UPDATE app.etl_source_files SET phase1_completed_at = now() - :n * interval '1 hour'
    WHERE source_container = 'elsewhere' AND phase1_group_key = :key
    """,
    """
    UPDATE app.etl_source_files
    SET source_metadata = jsonb_build_object('region', 'zzy', 'year', CAST(:n AS int))
    WHERE source_container = 'elsewhere' AND phase1_group_key = :key
    """,
    "DELETE FROM app.etl_source_files WHERE file_size_bytes = :n AND phase1_group_key = :key"
    " AND source_container = 'elsewhere'",
    """
    WITH job AS (
        INSERT INTO app.jobs (job_id, job_type, status, stage, total_stages, parameters)
        VALUES (gen_random_uuid()::text, 'process_fathom_stack', 'completed', 2, 3, '{}')
        RETURNING job_id)
    INSERT INTO app.tasks
        (task_id, parent_job_id, job_type, task_type, stage, parameters, status,
         execution_started_at, updated_at)
    SELECT job_id || i, job_id, 'process_fathom_stack', 'fathom_band_stack', 2,
           jsonb_build_object('tile_group', jsonb_build_object('output_name', CAST(:key AS text))),
           'completed', now() - interval '1 minute', now()
    FROM job CROSS JOIN generate_series(1, :n) AS i
    """,
    """
    UPDATE app.tasks SET parameters = jsonb_build_object('tile_group',
        jsonb_build_object('output_name', CAST(:key AS text) || 'x')), updated_at = now()
    WHERE parameters #>> '{tile_group,output_name}' = :key AND mod(stage, 10) <= :n
    """,
]
