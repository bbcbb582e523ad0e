"""The triggers that note what writers change."""

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
    """Drops them, once nobody else writes the table; what was invalid before stays so."""
    given = {
        "restored": literal_text(RESTORED),
        "of_others": of_others("rollups", table),
        "of_tasks": str(table == "tasks"),
    }
    run(connection, filled("invalidate_restored", given))
    for event in EVENTS:
        run(connection, f"DROP TRIGGER IF EXISTS {NAMED[table]}{event} ON app.{table}")


def make_triggers(connection: Connection, table: str, function: str) -> None:
    """Makes them; those that were there are to be dropped before.

    Nobody has written the table meanwhile: its rollups are as good as they were.
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
    """Whether a table of schema `app` has all its triggers, and none was ever disabled.

    They are made to fire always; one that is enabled in the usual way was disabled for a while.
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
    """The body of the function that all pipelines share.

    A trigger a pipeline would cost each writer that of all pipelines.
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
    """What is noted at each event, from the rows before and after it.

    Rows are taken together before anything is made of them: with expressions for either side the
    trigger takes half as long again.
    """
    events = {"inserted": ("new",), "deleted": ("old",), "updated": ("old", "new")}
    return {event: _facts(definition, given, sides) for event, sides in events.items()}


def _facts(definition: Definition, given: Mapping[str, str], sides: Iterable[str]) -> str:
    rows = " UNION ALL ".join(_rows(definition, side) for side in sides)
    return filled("files_facts", {**given, "rows": rows})


def _rows(definition: Definition, side: str) -> str:
    """One side's rows: what is counted of them, and whether they came or went."""
    listed = ", ".join(map(identifier, columns_of(definition.pipeline)))
    sign = "1" if side == "new" else "-1"
    return filled("files_rows", {"sign": sign, "fields": listed, "side": f"{side}_rows"})
