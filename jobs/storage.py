"""Containers of files: folders below one root, or any location that fsspec supports."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from jobs.part_files import part_file, remove_abandoned_below
from pipelines.errors import MonitorError
from pipelines.locations import container_mistake, is_within


class StorageError(MonitorError):
    """Something can't be read or written; the message names it and says what to check."""


class Incomplete(Exception):
    """The stored data differs from what was written; the message says how."""


@dataclass(frozen=True)
class Blob:
    """A file in a container: its path in the container, and its size in bytes if known."""

    path: str
    size: int | None


@dataclass(frozen=True)
class Listing:
    """The folders' paths and the files directly below a prefix, both sorted by path."""

    folders: list[str]
    blobs: list[Blob]


@dataclass(frozen=True)
class Storage:
    """Where containers are: `places` by name, others as folders in `root`. Sent to workers."""

    root: str
    places: Mapping[str, str] = field(default_factory=dict)

    def place(self, container: str) -> str:
        """Folder or URL of a container. Raises StorageError for an invalid container name."""
        if container_mistake(container):
            raise StorageError(f"{container!r} is not a valid container name")
        root = self.root if self.root.endswith("/") else f"{self.root}/"
        return self.places.get(container) or f"{root}{container}"

    def resolved(self, container: str, path: str = "") -> str:
        """Absolute path or URL of a blob or folder, with links followed. Raises StorageError."""
        if _is_url(place := self.place(container)):
            self._check(container, path)
            # The web server need not have the object store's package.
            return f"{place.rstrip('/')}/{path}".rstrip("/")
        return os.path.realpath(self._open(container, path)[1])

    def exists(self, container: str, path: str = "") -> bool:
        """Whether a blob, a folder or the container exists."""
        filesystem, place = self._open(container, path)
        return bool(filesystem.exists(place))

    def listing(self, container: str, prefix: str = "") -> Listing:
        """The folders and files directly below a prefix, without hidden ones.

        Raises StorageError if the prefix does not exist or can't be listed.
        """
        filesystem, top = self._open(container, "")
        place = self._open(container, prefix)[1]
        try:
            listed = filesystem.ls(place, detail=True, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            raise StorageError(f"{self._named(container, prefix)} is not there") from None
        except OSError as error:
            raise StorageError(
                f"{self._named(container, prefix)} can't be listed: {error.strerror or error}"
            ) from error
        base = len(top.rstrip("/")) + 1
        folders, blobs = [], []
        for entry in listed:
            name = entry["name"].rstrip("/")
            if PurePosixPath(name).name.startswith(".") or name == place:
                continue
            if _is_folder(filesystem, entry) and self._is_open(filesystem, name):
                folders.append(name[base:])
            else:
                blobs.append(Blob(name[base:], entry.get("size")))
        return Listing(sorted(folders), sorted(blobs, key=lambda blob: blob.path))

    def blobs(self, container: str, prefix: str = "") -> Iterator[Blob]:
        """The files below a prefix at any depth: a folder's files, then those of its subfolders."""
        listing = self.listing(container, prefix)
        yield from listing.blobs
        for folder in listing.folders:
            yield from self.blobs(container, folder)

    @contextmanager
    def reading(self, container: str, path: str) -> Iterator[Path]:
        """A local file with a blob's bytes: the file itself if it is local, else a copy."""
        filesystem, place = self._open(container, path)
        if not filesystem.isfile(place):
            # Reading from a pipe or a device could block.
            found = "is no regular file" if filesystem.exists(place) else "is not there"
            raise StorageError(f"{container}/{path} {found}")
        if isinstance(filesystem, LocalFileSystem):
            yield Path(place)
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / PurePosixPath(path).name
            with _storage_errors(f"{container}/{path} can't be read"):
                filesystem.get_file(place, str(copy))
            yield copy

    @contextmanager
    def writing(self, container: str, path: str) -> Iterator[Path]:
        """A local file to write, which becomes the blob when the block ends without an error.

        A blob is never incomplete: local files are flushed and renamed, and object stores show only
        complete uploads. Raises StorageError with the cause; an earlier blob is then kept.
        """
        filesystem, place = self._open(container, path)
        with _storage_errors(f"{self._named(container, path)} can't be written"):
            if isinstance(filesystem, LocalFileSystem):
                top = self._open(container, "")[1]
                if not is_within(os.path.realpath(place), os.path.realpath(top)):
                    raise StorageError(f"{container}/{path} is a link that leads elsewhere")
                with part_file(Path(top), Path(place)) as part:
                    yield part
                return
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder) / PurePosixPath(path).name
                yield copy
                filesystem.makedirs(place.rpartition("/")[0], exist_ok=True)
                filesystem.put_file(str(copy), place)
                _check_size(filesystem.info(place, refresh=True), copy)

    def read_bytes(self, container: str, path: str) -> bytes:
        """A blob's bytes. Raises StorageError."""
        filesystem, place = self._open(container, path)
        with _storage_errors(f"{container}/{path} can't be read"):
            return bytes(filesystem.cat_file(place))

    def write_bytes(self, container: str, path: str, content: bytes) -> None:
        """Writes a blob completely or not at all. Raises StorageError."""
        with self.writing(container, path) as local:
            local.write_bytes(content)
            if local.read_bytes() != content:
                raise Incomplete("the stored bytes differ from those written")

    def remove_abandoned(self) -> None:
        """Removes part files of killed writers from local containers."""
        root = Path(self.root)
        folders = [root / entry.name for entry in root.iterdir()] if root.is_dir() else []
        for top in [*folders, *map(Path, self.places.values())]:
            with suppress(OSError):
                remove_abandoned_below(top)

    def _open(self, container: str, path: str) -> tuple[fsspec.AbstractFileSystem, str]:
        # The path is appended after fsspec has parsed the URL: it would interpret `::` and `?`.
        self._check(container, path)
        filesystem, top = fsspec.url_to_fs(self.place(container))
        place = f"{str(top).rstrip('/')}/{path}".rstrip("/")
        if not self._is_open(filesystem, place):
            raise StorageError(
                f"{container}/{path}".rstrip("/") + " is a link that leads outside the containers; "
                "name the folder that it leads to in CONTAINERS"
            )
        return filesystem, place

    def _is_open(self, filesystem: fsspec.AbstractFileSystem, place: str) -> bool:
        """Whether a path, with links followed, is in the root or a place of a container."""
        if not isinstance(filesystem, LocalFileSystem):
            return True
        tops = (top for top in (self.root, *self.places.values()) if not _is_url(top))
        real = os.path.realpath(place)
        return any(is_within(real, os.path.realpath(fsspec.url_to_fs(top)[1])) for top in tops)

    def _check(self, container: str, path: str) -> None:
        for part in PurePosixPath(path).parts:
            if part in ("..", "/") or "\\" in part or "\0" in part:
                raise StorageError(f"{path!r} leaves container {container}")

    def _named(self, container: str, path: str) -> str:
        return f"{container}/{path}".rstrip("/")


def _is_url(place: str) -> bool:
    """Whether a place is on another file system than this machine's."""
    return ("://" in place or "::" in place) and not place.startswith(("file://", "local://"))


def _is_folder(filesystem: fsspec.AbstractFileSystem, entry: dict[str, Any]) -> bool:
    if entry["type"] in ("directory", "file"):
        return bool(entry["type"] == "directory")
    # A link: its target decides.
    return bool(filesystem.isdir(entry["name"]))


@contextmanager
def _storage_errors(what: str) -> Iterator[None]:
    """Turns system errors into a StorageError whose message starts with `what`."""
    try:
        yield
    except (OSError, Incomplete) as error:
        cause = getattr(error, "strerror", None) or error
        raise StorageError(
            f"{what}: {cause}. Check its space and rights, then run the job again"
        ) from error


def _check_size(info: dict[str, Any], copy: Path) -> None:
    stored, written = info.get("size"), copy.stat().st_size
    if stored is not None and stored != written:
        raise Incomplete(f"{stored} of {written} bytes are there")
