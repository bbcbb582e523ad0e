"""Progress from inside a task: work(parameters, storage) says how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import isfinite

LONGEST_MESSAGE = 200


@dataclass(frozen=True)
class Progress:
    """How far a task is: percent (0 to 100, none where it does not say) and a message."""

    percent: float | None = None
    message: str = ""


_listener: ContextVar[Callable[[Progress], None] | None] = ContextVar("listener", default=None)


def report_progress(percent: float | None = None, message: str = "") -> None:
    """Says how far the task is, for the job's page; call it as often as you like.

    percent: 0 to 100, beyond them clipped; one that is no number counts as none. message: one line,
    cut at 200 characters. Outside a worker it does nothing. Call it from the function's own thread.
    """
    listener = _listener.get()
    if listener is None:
        return
    known = percent is not None and isfinite(percent)
    clipped = min(100.0, max(0.0, float(percent or 0))) if known else None
    line = " ".join(str(message).replace("\0", "").split())
    listener(Progress(clipped, line[:LONGEST_MESSAGE]))


@contextmanager
def listening(listener: Callable[[Progress], None]) -> Iterator[None]:
    """While the block runs, what this thread reports goes to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
