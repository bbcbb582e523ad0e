"""What a page shows at this moment: its values, and how old and how sound they are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from layouts.leaves import Leaves

log = logging.getLogger(__name__)

NEVER = datetime(1, 1, 1, tzinfo=UTC)
# An age counts from the end of a reading, and two clocks don't run alike.
SLACK = timedelta(seconds=60)


@dataclass(frozen=True)
class Sight:
    """A page's values, none before the first reading.

    as_of: ISO time of the database; age: seconds since then; active: whether a job is active;
    problem: what is wrong now, if anything; others: ISO times of what was read beside, none
    for what was not read yet; gone: what to tell who still has the page open, where the thing that
    it shows is no longer there.
    """

    leaves: Leaves | None
    as_of: str | None = None
    age: float = 0.0
    active: bool = False
    problem: str | None = None
    others: tuple[str | None, ...] = ()
    gone: str | None = None

    def moments(self) -> dict[str, Any]:
        """What a page keeps of the time of its numbers."""
        others = {"others": self.others} if self.others else {}
        return {"at": self.as_of, "age": self.age, **others}

    def is_behind(self, moments: Mapping[str, Any] | None) -> bool:
        """Whether any of it was read before what a page shows that keeps these moments.

        Another process of the same server may have read a little later, and answered before. Where
        the page shows what is yet to come, the database's clock was put back: that is not behind.
        """
        shown = _times(moments or {})
        if self.leaves is None or self.as_of is None:
            return any(time > NEVER for time in shown)
        mine = _times(self.moments())
        now = max(mine) + timedelta(seconds=self.age) + SLACK
        return any(one < other <= now for one, other in zip(mine, shown, strict=False))


def _times(moments: Mapping[str, Any]) -> list[datetime]:
    """The times in what a page keeps; a browser may send anything."""
    try:
        texts = [moments["at"], *moments.get("others", ())]
        return [datetime.fromisoformat(text).astimezone(UTC) if text else NEVER for text in texts]
    except (KeyError, TypeError, ValueError, OverflowError):
        return []


def gather(panels: Mapping[str, Callable[[], Leaves]]) -> tuple[Leaves, str | None]:
    """The leaves of a page's panels, by name, and which panels failed.

    A panel that fails keeps what it showed, and does not take the page along.
    """
    leaves, failed = Leaves(), []
    for name, values in panels.items():
        try:
            leaves |= values()
        except Exception:
            log.exception("The panel %s can't be drawn", name)
            failed.append(name)
    told = f"{', '.join(failed)} can't be drawn; the server's log says why" if failed else None
    return leaves, told
