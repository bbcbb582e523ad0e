"""The root of the errors that a person can do something about."""

from __future__ import annotations


class MonitorError(Exception):
    """Something that a person can mend: the message says what happened, to what, and what to do.

    The command line, the API and the pages show the message as it is. Whatever else is raised is
    a mistake of the program's, and goes to the log with its traceback.
    """
