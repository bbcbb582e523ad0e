"""The triggers that record what writers change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, text

from database.rollups.definition import Definition, columns_of
from database.rollups.file_templates import names, template_values
from database.rollups.origin import NAMED, RESTORED, of_others, origin
from database.rollups.shape import as_installed, trigger
from database.rollups.sql import body, filled, identifier, literal_text, run
from database.rollups.state import Rollup

EVENTS = ("insert", "update", "delete", "truncate")


def drop_triggers(connection: Connection, table: str) -> None:
    """Drops the triggers, after waiting for other writers; invalid rollups stay invalid."""
    given = {
        "restored": literal_text(RESTORED),
        "of_others": of_others("rollups", table),
        "of_tasks": str(table == "tasks"),
    }
    run(connection, filled("invalidate_restored", given))
    for event in EVENTS:
        run(connection, f"DROP TRIGGER IF EXISTS {NAMED[table]}{event} ON app.{table}")


def make_triggers(connection: Connection, table: str, function: str) -> None:
    """Creates the triggers; existing ones must be dropped first, in the same transaction.

    Nobody can write the table in between, so valid rollups stay valid.
    """
    given = {
        "table": f"app.{table}",
        "named": NAMED[table],
        "function": function,
        "origin": origin(table),
        "of_tasks": str(table == "tasks"),
    }
    run(connection, filled("triggers", given))


def are_whole(connection: Connection, table: str) -> bool:
    """Whether a table of schema `app` has all triggers, and none was ever disabled.

    They are created to fire always (ENABLE ALWAYS); one with a plain ENABLE was disabled before.
    """
    values = {"table": table, "prefix": NAMED[table]}
    return int(connection.execute(ENABLED, values).scalar_one()) == len(EVENTS)


ENABLED = text(
    """
    SELECT count(*) FROM pg_trigger
    WHERE tgrelid = to_regclass('app.' || :table) AND NOT tgisinternal
      AND tgenabled = 'A' AND starts_with(tgname, :prefix)
    """
)


def files_changed(pipelines: Sequence[Rollup]) -> str:
    """The body of the trigger function that all pipelines share.

    With one trigger per pipeline, each write would pay for all of them.
    """
    found = [filled("files_of_pipeline", _of(rollup)) for rollup in pipelines]
    columns = sorted({column for rollup in pipelines for column in rollup.columns})
    made = ("changes", "cells", "minutes", "hours")
    needed = [names(rollup.subject)[name] for rollup in pipelines for name in made]
    table = "etl_source_files"
    work = filled("files_changed", {"pipelines": "".join(found)})
    declared, subjects = "changed_types text[];", "subject <> ''"
    return body(trigger(table, work, declared, [as_installed(table, columns)], needed, subjects))


def _of(rollup: Rollup) -> dict[str, str]:
    definition = rollup.of_pipeline()
    given = template_values(definition, rollup.number)
    return given | _events(definition, given)


def _events(definition: Definition, given: Mapping[str, str]) -> dict[str, str]:
    """SQL for each event, which records changes from the rows before and after it.

    Both sides are united before expressions are computed: computing them for each side
    makes the trigger take 50 % longer.
    """
    events = {"inserted": ("new",), "deleted": ("old",), "updated": ("old", "new")}
    return {event: _facts(definition, given, sides) for event, sides in events.items()}


def _facts(definition: Definition, given: Mapping[str, str], sides: Iterable[str]) -> str:
    rows = " UNION ALL ".join(_rows(definition, side) for side in sides)
    return filled("files_facts", {**given, "rows": rows})


def _rows(definition: Definition, side: str) -> str:
    """One side's rows: the counted columns, and a sign for added or removed."""
    listed = ", ".join(map(identifier, columns_of(definition.pipeline)))
    sign = "1" if side == "new" else "-1"
    return filled("files_rows", {"sign": sign, "fields": listed, "side": f"{side}_rows"})
