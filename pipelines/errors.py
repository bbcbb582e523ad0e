"""The base class of errors that a user can fix."""

from __future__ import annotations


class MonitorError(Exception):
    """An error that a user can fix; the message says what happened, to what, and what to do.

    The command line, the API and the pages show the message unchanged. Any other error is a bug,
    and is logged with its traceback.
    """
