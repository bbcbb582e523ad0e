"""Statuses of jobs and tasks: a symbol and a label each, so that colour is never the only sign."""

from __future__ import annotations

SYMBOLS = {
    "queued": "○",
    "pending": "○",
    "processing": "◐",
    "retrying": "↻",
    "pending_retry": "↻",
    "completed": "✓",
    "completed_with_errors": "!",
    "failed": "✕",
    "cancelled": "–",
}


def format_status(status: str) -> str:
    """A status with its symbol; an unknown one is shown as it is."""
    symbol = SYMBOLS.get(status)
    if not status:
        return "–"
    return f"{symbol} {status.replace('_', ' ')}" if symbol else status
