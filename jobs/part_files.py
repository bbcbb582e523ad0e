"""Part files: files that are being written, kept apart until they are complete.

Each part file is in its own folder below `.parts` at the top of its container: on the same file
system, but hidden from listings. Its writer holds a lock while it lives, which tells files that are
being written from those that a killed writer left behind.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

FOLDER = ".parts"
LOCK = ".lock"


@contextmanager
def part_file(top: Path, target: Path) -> Iterator[Path]:
    """A file to write that becomes `target`, below `top`, when the block ends without an error.

    The file is flushed to disk before it is renamed, and its folder afterwards. Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    parts_folder = _parts(top, target.parent)
    remove_abandoned(parts_folder)
    try:
        with _folder_of_ones_own(parts_folder) as folder:
            part = folder / target.name
            yield part
            _flush(part)
            part.replace(target)
            # Some file systems can't flush a folder; the file has been renamed anyway.
            with suppress(OSError):
                _flush(target.parent)
    finally:
        _remove_empty(parts_folder)


def remove_abandoned(parts_folder: Path) -> None:
    """Removes the files of writers that no longer run."""
    for lock in _locks(parts_folder):
        with _locked(lock) as is_free:
            # Not None: without locks, abandoned files can't be recognised.
            if is_free is True:
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)


def _locks(parts_folder: Path) -> list[Path]:
    try:
        return [path for path in parts_folder.iterdir() if path.suffix == LOCK]
    except FileNotFoundError:
        # The last writer has just removed the folder.
        return []


def remove_abandoned_below(top: Path) -> None:
    """Removes abandoned part files of a container."""
    if (top / FOLDER).is_dir():
        remove_abandoned(top / FOLDER)
        _remove_empty(top / FOLDER)


def _parts(top: Path, folder: Path) -> Path:
    # A rename is atomic only within a file system.
    same = top.is_dir() and top.stat().st_dev == folder.stat().st_dev
    return (top if same else folder) / FOLDER


@contextmanager
def _folder_of_ones_own(parts_folder: Path) -> Iterator[Path]:
    """A folder that this process has locked; GDAL may write more files beside the target."""
    while True:
        lock = parts_folder / f"{uuid4().hex}{LOCK}"
        # Another writer may remove the empty folder at any time: then try again.
        with suppress(FileNotFoundError, FileExistsError):
            parts_folder.mkdir(exist_ok=True)
            lock.touch()
        with _locked(lock) as is_ours:
            # A cleanup may have locked it first.
            if is_ours is False:
                continue
            folder = lock.with_suffix("")
            try:
                folder.mkdir()
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
                lock.unlink(missing_ok=True)
            return


@contextmanager
def _locked(lock: Path) -> Iterator[bool | None]:
    """Whether this process got the lock and the lock file still exists.

    None if the file system has no locks.
    """
    try:
        descriptor = os.open(lock, os.O_RDWR)
    except FileNotFoundError:
        yield False
        return
    try:
        taken = _takes(descriptor)
        yield taken and _is_at(descriptor, lock)
    finally:
        os.close(descriptor)


def _takes(descriptor: int) -> bool | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _remove_empty(parts_folder: Path) -> None:
    with suppress(OSError):
        parts_folder.rmdir()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
