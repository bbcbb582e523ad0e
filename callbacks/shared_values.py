"""Packed page values in a folder that the processes of one server share, by their digest."""

from __future__ import annotations

import logging
import os
import re
import threading
from pathlib import Path
from uuid import uuid4

log = logging.getLogger(__name__)

DIGEST = re.compile(r"[0-9a-f]{24}")


class SharedValues:
    """The values that one process sent, for another that answers the page's next refresh.

    The oldest files are removed when there are more than LARGEST, or more than MOST_BYTES in them.
    """

    LARGEST = 5000
    MOST_BYTES = 24_000_000
    # Looking through the folder takes longer than writing a file.
    BETWEEN = 100

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        self._written = 0
        self._lock = threading.Lock()

    def put(self, digest: str, packed: bytes) -> None:
        """Stores page values; a reader finds all of them or none.

        A full disk is logged; then values are not shared.
        """
        target = self._folder / digest
        try:
            if target.exists():
                os.utime(target)
                return
            unfinished = self._folder / f"{uuid4().hex}.new"
            unfinished.write_bytes(packed)
            unfinished.replace(target)
            self._prune_at_times()
        except OSError as error:
            log.warning("What pages show can't be shared: %s", error)

    def get(self, digest: str) -> bytes | None:
        """The page values of a digest; None if they are not here.

        A digest comes from a browser: what is none is no file either.
        """
        if not DIGEST.fullmatch(digest):
            return None
        try:
            return (self._folder / digest).read_bytes()
        except OSError:
            return None

    def _prune_at_times(self) -> None:
        with self._lock:
            self._written += 1
            if self._written % self.BETWEEN:
                return
        self.prune()

    def prune(self) -> None:
        """Removes the oldest files beyond the limits."""
        files = sorted(self._listed(), reverse=True)
        room = self.MOST_BYTES
        for place, (_, size, path) in enumerate(files):
            room -= size
            if place >= self.LARGEST or room < 0:
                # Another process may have been faster.
                Path(path).unlink(missing_ok=True)

    def _listed(self) -> list[tuple[int, int, str]]:
        """When each file was used last, its bytes and its path."""
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    status = entry.stat()
                except FileNotFoundError:
                    continue
                found.append((status.st_mtime_ns, status.st_size, entry.path))
        return found
