"""Who changed what is on record: in the audit, or in the job's row where there is none."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, text

from access.actor import Actor
from access.audit import MOST, Audit, Entry, NotRecorded
from jobs.actions import Actions
from jobs.runner_queue import RunnerQueue
from jobs.submission import NoDestination, SubmissionError
from pipelines.parameters import ParameterErrors
from pipelines.registry import Registry
from queries.changes import changes_of
from tests.catalog import JOB_TYPES, STORAGE
from tests.factories import add_job

STACK = "process_fathom_stack"
ADA = Actor("ada", "192.0.2.9")


def ask(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def actions(engine: Engine, registry: Registry) -> Actions:
    return Actions(registry, RunnerQueue(engine, JOB_TYPES, registry, STORAGE), Audit(engine))


ENTRIES = "SELECT actor, address, action, job_id, result FROM monitor.audit ORDER BY id"


def test_each_change_is_recorded_with_who_from_where_and_what_came_of_it(
    engine: Engine, registry: Registry
) -> None:
    submitter = actions(engine, registry).by(ADA)
    first = submitter.submit(STACK, {"region_code": "rwa"}).job_id
    submitter.submit(STACK, {"region_code": "rwa"})
    submitter.cancel(first)
    submitter.rerun(first)
    submitter.cancel(first)
    second = submitter.run_from_start(first).job_id
    submitter.register_files(registry["fathom"], "bronze-fathom", [])
    assert ask(engine, ENTRIES) == [
        ("ada", "192.0.2.9", action, job_id, result)
        for action, job_id, result in (
            ("submit", first, "submitted"),
            ("submit", first, "exists (queued)"),
            ("cancel", first, "done"),
            ("run again", first, "done"),
            ("cancel", first, "done"),
            ("run from the start", second, "submitted"),
            ("register files", None, "0 rows written"),
        )
    ]
    ((details,),) = ask(engine, "SELECT details FROM monitor.audit WHERE id = 1")
    assert details["job_type"] == STACK
    assert details["parameters"]["region_code"] == "rwa"


def test_the_changes_of_a_job_are_read_the_newest_first(engine: Engine) -> None:
    audit = Audit(engine)
    for action in ("submit", "cancel"):
        with audit.record(ADA, Entry(action, "j")):
            pass
    with audit.record(ADA, Entry("cancel", "another")), engine.connect() as connection:
        read = changes_of(connection, "j", {"audit": [{"action": "old"}]})
        (under_way,) = changes_of(connection, "another", {})
    assert [(one.actor, one.action, one.result) for one in read] == [
        ("ada", "cancel", "done"),
        ("ada", "submit", "done"),
    ]
    assert under_way.result is None


@pytest.mark.parametrize("audit", [None, 7, {}, [7, None], [{"at": 7}], [{"at": "2026-01-01"}]])
def test_odd_records_in_a_job_break_nothing(platform: Engine, audit: Any) -> None:
    with platform.connect() as connection:
        read = changes_of(connection, "j", {"audit": audit})
    assert all(one.at is None for one in read)


def test_what_is_refused_is_recorded_with_its_reason(engine: Engine, registry: Registry) -> None:
    with pytest.raises(Exception, match="no job"):
        actions(engine, registry).by(ADA).cancel("nothing")
    ((_, _, action, job_id, result),) = ask(engine, ENTRIES)
    assert (action, job_id, result.partition(":")[0]) == ("cancel", "nothing", "refused")


def test_forms_with_mistakes_and_strangers_leave_no_record(
    engine: Engine, registry: Registry
) -> None:
    with pytest.raises(ParameterErrors):
        actions(engine, registry).by(ADA).submit(STACK, {"region_code": ""})
    stranger = Actor("anonymous", "192.0.2.1", "You may look only")
    with pytest.raises(Exception, match="You may look only"):
        actions(engine, registry).by(stranger).submit(STACK, {"region_code": "rwa"})
    with pytest.raises(SubmissionError, match="PLATFORM_URL"):
        Actions(registry, NoDestination(), Audit(engine)).by(ADA).submit(
            STACK, {"region_code": "rwa"}
        )
    assert ask(engine, ENTRIES) == []


def test_what_can_not_be_recorded_is_not_done(engine: Engine, registry: Registry) -> None:
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE monitor.audit ADD CHECK (actor <> 'ada')"))
    with pytest.raises(NotRecorded, match="Nothing was changed"):
        actions(engine, registry).by(ADA).submit(STACK, {"region_code": "rwa"})
    assert ask(engine, "SELECT job_id FROM app.jobs") == []


def test_an_end_halfway_leaves_an_entry_without_a_result(engine: Engine) -> None:
    recording = Audit(engine).record(ADA, Entry("cancel", "j"))
    recording.__enter__()
    assert ask(engine, ENTRIES) == [("ada", "192.0.2.9", "cancel", "j", None)]


def test_an_unexpected_error_is_recorded_by_its_name(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), Audit(engine).record(ADA, Entry("cancel", "j")):
        raise ZeroDivisionError
    assert ask(engine, ENTRIES)[0][-1] == "failed: ZeroDivisionError"


def test_odd_names_are_recorded(engine: Engine) -> None:
    name = "Zoë\0 \udce9" + "x" * 2000
    with Audit(engine).record(Actor(name, "-"), Entry("submit", details={"a": "\0\udce9"})):
        pass
    assert ask(engine, ENTRIES)[0][0].startswith("Zoë \\udce9xxx")


def test_without_the_schema_a_job_keeps_its_last_changes(
    platform: Engine, registry: Registry
) -> None:
    with platform.begin() as connection:
        add_job(connection, "j")
        connection.execute(text('UPDATE app.jobs SET metadata = \'{"executor": "theirs"}\''))
    audit = Audit(platform)
    for number in range(MOST + 2):
        with audit.record(ADA, Entry("cancel", "j")) as entry:
            entry.result = f"done {number}"
    ((metadata,),) = ask(platform, "SELECT metadata FROM app.jobs")
    assert metadata["executor"] == "theirs"
    assert [one["result"] for one in metadata["audit"]] == [f"done {n}" for n in range(2, MOST + 2)]
    with platform.connect() as connection:
        read = changes_of(connection, "j", metadata)
    assert (len(read), read[0].result) == (MOST, f"done {MOST + 1}")
    assert read[0].at is not None
    assert metadata["audit"][0] | {"at": ""} == {
        "at": "",
        "actor": "ada",
        "address": "192.0.2.9",
        "action": "cancel",
        "result": "done 2",
    }
