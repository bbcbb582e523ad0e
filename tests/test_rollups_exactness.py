"""Random work on the tables: what is kept is at every step what counting gives."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Step
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, Engine, text

from database.rollups.compaction import compact
from database.rollups.install import install
from database.rollups.rebuild import rebuild
from database.rollups.state import TASKS
from database.rollups.verify import verify
from database.schema import install_schema
from pipelines.models import Phase, Pipeline
from pipelines.registry import Registry
from queries.frames import read_transaction
from queries.rollups.cube import NoRollups
from queries.snapshot import count_snapshot
from queries.snapshot_reader import SnapshotReader
from tests.agreement import assert_agree
from tests.random_writes import INSERT_FILES, INSERT_TASKS, WRITES, Write

SUBJECTS = ("fathom", "raster_v2", TASKS)


class Work(RuleBasedStateMachine):
    """Writers, compactions and full counts in any order, beside one open transaction."""

    engine: Engine
    pipeline: Pipeline

    def __init__(self) -> None:
        super().__init__()
        self.snapshots = SnapshotReader(self.engine, self.pipeline, 30)
        self.beside: Connection | None = None

    def teardown(self) -> None:
        """Ends the open transaction, and empties the tables for the next run."""
        self.end_beside(False)
        with self.engine.begin() as connection:
            connection.execute(text("TRUNCATE app.etl_source_files, app.jobs CASCADE"))

    @initialize()
    def begin(self) -> None:
        """Files of two groups and tasks on them, so that there is something to change."""
        begun = (("g1", "completed", 7, "1 hour"), ("g2", "failed", None, None))
        for group, status, size, first in begun:
            values = {"kind": "fathom", "region": group, "second": None, "group": group}
            self.commit([(INSERT_FILES, values | {"number": 8, "size": size, "first": first})])
            task = {"group": group, "status": status, "lasted": "9 seconds", "ended": "1 minute"}
            task |= {"region": None, "job_region": None}
            self.commit([(INSERT_TASKS, task)])

    @rule(
        writes=st.lists(WRITES, min_size=1, max_size=4), undo=st.booleans(), compacted=st.booleans()
    )
    def write(self, writes: list[Write], undo: bool, compacted: bool) -> None:
        """A transaction, which may be folded before anybody reads it."""
        self.commit(writes, undo=undo and len(writes) > 2)
        if compacted:
            self.compact(set(SUBJECTS))

    def commit(self, writes: list[Write], *, undo: bool = False) -> None:
        """One transaction; with `undo` its last write is rolled back to a savepoint."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            connection.execute(text("SET LOCAL lock_timeout = '10ms'"))
            try:
                for number, (statement, values) in enumerate(writes, start=1):
                    savepoint = connection.begin_nested()
                    connection.execute(text(statement), values)
                    if undo and number == len(writes):
                        savepoint.rollback()
            except Exception as error:
                # The open transaction has changed these rows too: this one is rolled back.
                if "lock timeout" not in str(error):
                    raise
                transaction.rollback()

    @rule(writes=st.lists(WRITES, min_size=1, max_size=3))
    def write_beside(self, writes: list[Write]) -> None:
        if self.beside is None:
            self.beside = self.engine.connect()
            self.beside.begin()
        for statement, values in writes:
            self.beside.execute(text(statement), values)

    @rule(commit=st.booleans())
    def end_beside(self, commit: bool) -> None:
        if self.beside is not None:
            transaction = self.beside.get_transaction()
            assert transaction is not None
            transaction.commit() if commit else transaction.rollback()
            self.beside.close()
            self.beside = None

    @precondition(lambda self: self.beside is None)
    @rule(
        isolation=st.sampled_from(["READ COMMITTED", "REPEATABLE READ"]),
        table=st.sampled_from(["etl_source_files", "tasks", "jobs CASCADE"]),
        undone=st.booleans(),
    )
    def truncate(self, isolation: str, table: str, undone: bool) -> None:
        options = {"isolation_level": isolation}
        connected = self.engine.connect().execution_options(**options)
        with connected as connection, connection.begin() as transaction:
            connection.execute(text(f"TRUNCATE app.{table}"))
            if undone:
                transaction.rollback()

    @rule(subjects=st.sets(st.sampled_from(SUBJECTS), min_size=1))
    def compact(self, subjects: set[str]) -> None:
        for subject in subjects:
            compact(self.engine, subject)

    @precondition(lambda self: self.beside is None)
    @rule(subject=st.sampled_from(SUBJECTS))
    def rebuild(self, subject: str) -> None:
        rebuild(self.engine, subject)

    @invariant()
    def rollups_are_counted(self) -> None:
        try:
            self.compare()
        except NoRollups:
            # A truncation that saw an earlier moment; this is what the keeper does about it.
            for subject in SUBJECTS:
                rebuild(self.engine, subject)
            self.compare()
        for subject in SUBJECTS:
            assert verify(self.engine, subject) == []

    def compare(self) -> None:
        """Reads both ways at one moment. Raises NoRollups."""
        with read_transaction(self.engine, 30) as connection:
            rollup = self.snapshots.read_in(connection)
            assert_agree(rollup, count_snapshot(connection, self.pipeline), moved=True)


@pytest.fixture
def of_three(engine: Engine, registry: Registry) -> Pipeline:
    """FATHOM with a third phase: what is true of one phase and the one before it, and not of the
    first, shows there alone."""
    third = Phase(id="phase3", name="Publish", completed_field="phase3_completed_at")
    fathom = registry["fathom"]
    pipeline = fathom.model_copy(update={"phases": (*fathom.phases, third)})
    of_three = Registry({**registry, "fathom": pipeline})
    install_schema(engine, of_three)
    install(engine, of_three, lambda _: None)
    return pipeline


def test_what_is_kept_is_what_counting_gives_after_every_step(
    engine: Engine, of_three: Pipeline
) -> None:
    work = type("WorkHere", (Work,), {"engine": engine, "pipeline": of_three})
    run_state_machine_as_test(
        work,
        settings=settings(
            stateful_step_count=15,
            deadline=None,
            # Making a failure small takes minutes of real transactions.
            phases=[Step.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
