"""Lets a task report its progress from inside work(parameters, storage)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import isfinite

from database.storable import storable

LONGEST_MESSAGE = 200


@dataclass(frozen=True)
class Progress:
    """How far a task is: percent (0 to 100, None if not given) and a message."""

    percent: float | None = None
    message: str = ""


_listener: ContextVar[Callable[[Progress], None] | None] = ContextVar("listener", default=None)


def report_progress(percent: float | None = None, message: str = "") -> None:
    """Reports how far the task is, for the job page; call it as often as you like.

    percent: clipped to 0 to 100; NaN and infinity count as None. message: one line, cut at 200
    characters. Does nothing outside a worker. Call it from the thread that runs `work`.
    """
    listener = _listener.get()
    if listener is None:
        return
    known = percent is not None and isfinite(percent)
    clipped = min(100.0, max(0.0, float(percent or 0))) if known else None
    line = " ".join(storable(str(message)).split())
    listener(Progress(clipped, line[:LONGEST_MESSAGE]))


@contextmanager
def listening(listener: Callable[[Progress], None]) -> Iterator[None]:
    """During the block, this thread's progress reports go to `listener`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
