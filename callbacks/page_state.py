"""What a page shows now: its values, their age, and what is wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from layouts.page_values import PageValues

log = logging.getLogger(__name__)

NEVER = datetime(1, 1, 1, tzinfo=UTC)
# An age counts from the end of a read, and two clocks differ.
SLACK = timedelta(seconds=60)


@dataclass(frozen=True)
class PageState:
    """A page's values; None before the first read.

    as_of: ISO time of the database; age: seconds since then; active: whether a job is active;
    problem: what is wrong now, if anything; others: ISO times of what was read beside, none
    for what was not read yet; gone: what to tell who still has the page open, where the thing that
    it shows is no longer there.
    """

    page_values: PageValues | None
    as_of: str | None = None
    age: float = 0.0
    active: bool = False
    problem: str | None = None
    others: tuple[str | None, ...] = ()
    gone: str | None = None

    def timestamps(self) -> dict[str, Any]:
        """The times that a page remembers of its numbers."""
        others = {"others": self.others} if self.others else {}
        return {"at": self.as_of, "age": self.age, **others}

    def is_behind(self, timestamps: Mapping[str, Any] | None) -> bool:
        """Whether any of it is older than the numbers of a page with these timestamps.

        Another process of the same server may have read a little later, and answered before. A page
        that shows times to come is not ahead: the database's clock moved backwards.
        """
        displayed = _times(timestamps or {})
        if self.page_values is None or self.as_of is None:
            return any(time > NEVER for time in displayed)
        mine = _times(self.timestamps())
        now = max(mine) + timedelta(seconds=self.age) + SLACK
        return any(one < other <= now for one, other in zip(mine, displayed, strict=False))


def _times(timestamps: Mapping[str, Any]) -> list[datetime]:
    """The times in what a page keeps; a browser may send anything."""
    try:
        texts = [timestamps["at"], *timestamps.get("others", ())]
        return [datetime.fromisoformat(text).astimezone(UTC) if text else NEVER for text in texts]
    except (KeyError, TypeError, ValueError, OverflowError):
        return []


def read_panels(panels: Mapping[str, Callable[[], PageValues]]) -> tuple[PageValues, str | None]:
    """The values of a page's panels, read by name, and which panels failed.

    A panel that fails keeps its values, and the other panels go on.
    """
    page_values, failed = PageValues(), []
    for name, values in panels.items():
        try:
            page_values |= values()
        except Exception:
            log.exception("The panel %s can't be drawn", name)
            failed.append(name)
    problem = f"{', '.join(failed)} can't be drawn; the server's log says why" if failed else None
    return page_values, problem
