"""What a page shows at this moment: its values, and how old and how sound they are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from layouts.leaves import Leaves

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sight:
    """A page's values, none before the first reading.

    as_of: ISO time of the database; age: seconds since then; active: whether a job is active;
    problem: what is wrong now, if anything.
    """

    leaves: Leaves | None
    as_of: str | None = None
    age: float = 0.0
    active: bool = False
    problem: str | None = None


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
