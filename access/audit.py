"""The record of who changed what: `monitor.audit`, or the job's own row without schema `monitor`.

An entry is written before the change, and its result after it. An entry without a result is a
change of which nobody knows whether it was made: the program ended, or lost the database.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, text

from access.actor import Actor
from database.audit_table import may_use_audit
from database.engine import DATABASE_FAILURES, error_message, public_message
from database.storable import storable, storable_json
from pipelines.errors import MonitorError

log = logging.getLogger(__name__)

# Characters of a text in an entry, and how many entries a job's row holds.
LONGEST, MOST = 1000, 50


class NotRecorded(MonitorError):
    """A change can't be recorded, so it was not made; the message says why."""


@dataclass
class Entry:
    """A change under way: what is done to which job, and what came of it.

    job_id and result may be set until the change is made.
    """

    action: str
    job_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    result: str = "done"


class Audit:
    """Records changes in the database of an engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def record(self, actor: Actor, entry: Entry) -> Iterator[Entry]:
        """Records what the block does. Raises NotRecorded before it, and then nothing was done."""
        row = self._begin(actor, entry)
        try:
            yield entry
        except MonitorError as error:
            entry.result = f"refused: {error}"
            raise
        except BaseException as error:
            entry.result = f"failed: {type(error).__name__}"
            raise
        finally:
            self._end(actor, entry, row)

    def _begin(self, actor: Actor, entry: Entry) -> int | None:
        """The id of the new entry; None where there is no table for it."""
        try:
            with self._engine.begin() as connection:
                if not may_use_audit(connection, "INSERT"):
                    return None
                return int(connection.execute(BEGIN, _row(actor, entry)).scalar_one())
        except DATABASE_FAILURES as error:
            raise NotRecorded(
                f"Nothing was changed, the database refused: {public_message(error)}"
            ) from error

    def _end(self, actor: Actor, entry: Entry, row: int | None) -> None:
        """Adds the result. The change is made by now: an error is only logged."""
        values = _row(actor, entry)
        log.info("%(actor)s (%(address)s): %(action)s %(job_id)s: %(result)s", values)
        try:
            with self._engine.begin() as connection:
                if row is not None:
                    connection.execute(END, {**values, "id": row})
                elif entry.job_id is not None:
                    connection.execute(INTO_JOB, values)
        except DATABASE_FAILURES as error:
            log.warning("The result of %s was not recorded: %s", entry, error_message(error))


def _row(actor: Actor, entry: Entry) -> dict[str, Any]:
    return {
        "actor": storable(actor.name)[:LONGEST],
        "address": storable(actor.address)[:LONGEST],
        "action": entry.action,
        "job_id": entry.job_id,
        "details": storable_json(dict(entry.details)),
        "result": storable(entry.result)[:LONGEST],
        "most": MOST,
    }


BEGIN = text(
    """
    INSERT INTO monitor.audit (actor, address, action, job_id, details)
    VALUES (:actor, :address, :action, :job_id, CAST(:details AS jsonb))
    RETURNING id
    """
)

END = text("UPDATE monitor.audit SET job_id = :job_id, result = :result WHERE id = :id")

# The oldest entry goes where there are `most`.
INTO_JOB = text(
    """
    UPDATE app.jobs
    SET metadata = jsonb_set(coalesce(metadata, '{}'), '{audit}', (
        SELECT CASE WHEN jsonb_array_length(entries) < :most THEN entries ELSE entries - 0 END
               || jsonb_build_object('at', NOW(), 'actor', CAST(:actor AS text),
                                     'address', CAST(:address AS text),
                                     'action', CAST(:action AS text),
                                     'result', CAST(:result AS text))
        FROM (SELECT CASE jsonb_typeof(metadata -> 'audit')
                     WHEN 'array' THEN metadata -> 'audit' ELSE '[]' END) AS earlier(entries)
    ))
    WHERE job_id = :job_id
    """
)
