"""Who changed a job: the entries of `monitor.audit`, or of the job's row where there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from database.audit_table import may_use_audit

# The newest ones.
MOST = 50


@dataclass(frozen=True)
class Change:
    """A change of a job: when, by whom, from where, what, and what came of it (None: unknown)."""

    at: datetime | None
    actor: str
    address: str
    action: str
    result: str | None


def changes_of(
    connection: Connection, job_id: str, metadata: Mapping[str, Any]
) -> tuple[Change, ...]:
    """The last changes of a job, the newest first; `metadata` is that of its row."""
    if may_use_audit(connection, "SELECT"):
        rows = connection.execute(ENTRIES, {"job": job_id, "most": MOST})
        return tuple(Change(*row) for row in rows)
    entries = metadata.get("audit")
    entries = entries if isinstance(entries, list) else []
    return tuple(_read(entry) for entry in reversed(entries[-MOST:]) if isinstance(entry, dict))


def _read(entry: Mapping[str, Any]) -> Change:
    try:
        at = datetime.fromisoformat(str(entry.get("at")))
    except ValueError:
        at = None
    words = [str(entry.get(name) or "") for name in ("actor", "address", "action", "result")]
    return Change(at if at is not None and at.tzinfo else None, *words)


ENTRIES = text(
    """
    SELECT at, actor, address, action, result FROM monitor.audit
    WHERE job_id = :job ORDER BY id DESC LIMIT :most
    """
)
