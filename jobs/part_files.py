"""Files that are being written: in a place of their own, until they are whole.

A part file lies in a folder of its own below `.parts` at the top of its container: on the same
file system, and in no listing. Its writer holds a lock for as long as it lives, so that what a
killed one left is told from what is being written.
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

    It is on the disk before it has the name, and so is the name afterwards. Raises OSError.
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
            # Some file systems have nothing to flush of a folder, and the file has its name.
            with suppress(OSError):
                _flush(target.parent)
    finally:
        _remove_empty(parts_folder)


def remove_abandoned(parts_folder: Path) -> None:
    """Removes what writers left that are no more."""
    for lock in _locks(parts_folder):
        with _locked(lock) as is_free:
            # Without locks this is unknown.
            if is_free is True:
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)


def _locks(parts_folder: Path) -> list[Path]:
    try:
        return [path for path in parts_folder.iterdir() if path.suffix == LOCK]
    except FileNotFoundError:
        # The last one to write has just taken the folder along.
        return []


def remove_abandoned_below(top: Path) -> None:
    """Removes what writers left in a container."""
    if (top / FOLDER).is_dir():
        remove_abandoned(top / FOLDER)
        _remove_empty(top / FOLDER)


def _parts(top: Path, folder: Path) -> Path:
    # A file gets its name at once within a file system alone.
    same = top.is_dir() and top.stat().st_dev == folder.stat().st_dev
    return (top if same else folder) / FOLDER


@contextmanager
def _folder_of_ones_own(parts_folder: Path) -> Iterator[Path]:
    """A folder whose lock this process holds; GDAL may put more files beside the one it writes."""
    while True:
        lock = parts_folder / f"{uuid4().hex}{LOCK}"
        # The last one to write takes the folder along, at any moment: then once more.
        with suppress(FileNotFoundError, FileExistsError):
            parts_folder.mkdir(exist_ok=True)
            lock.touch()
        with _locked(lock) as is_ours:
            # Whoever clears up may have had it first.
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
    """Whether nobody else has the lock, and the file is still the one of that name.

    None where the file system has no locks.
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
