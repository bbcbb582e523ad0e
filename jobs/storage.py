"""Containers of files: folders of one root, or any place that fsspec reaches."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem


class StorageError(Exception):
    """A place can't be read or written: the message names it and says what to check."""


@dataclass(frozen=True)
class Blob:
    """A file in a container: its path inside it, and its size in bytes where known."""

    path: str
    size: int | None


@dataclass(frozen=True)
class Listing:
    """What lies right below a prefix: paths of folders, and files; both sorted by path."""

    folders: list[str]
    blobs: list[Blob]


@dataclass(frozen=True)
class Storage:
    """Where containers are: `places` by name, all others as folders of `root`. Sent to workers."""

    root: str
    places: Mapping[str, str] = field(default_factory=dict)

    def place(self, container: str) -> str:
        """Folder or URL of a container. Raises StorageError for what is no container's name."""
        if container in ("", ".", "..") or set(container) & set("/\\:\0"):
            raise StorageError(f"{container!r} is no container's name")
        root = self.root if self.root.endswith("/") else f"{self.root}/"
        return self.places.get(container) or f"{root}{container}"

    def exists(self, container: str, path: str = "") -> bool:
        """Whether a blob, a folder or the container is there."""
        filesystem, place = self._open(container, path)
        return bool(filesystem.exists(place))

    def listing(self, container: str, prefix: str = "") -> Listing:
        """The folders and files right below a prefix; hidden ones are left out.

        Raises StorageError for a place that is not there or can't be listed.
        """
        filesystem, top = self._open(container, "")
        place = self._open(container, prefix)[1]
        try:
            listed = filesystem.ls(place, detail=True, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            raise StorageError(f"{self._named(container, prefix)} is not there") from None
        except OSError as error:
            raise StorageError(
                f"{self._named(container, prefix)} can't be listed: {error}"
            ) from error
        base = len(top.rstrip("/")) + 1
        folders, blobs = [], []
        for entry in listed:
            name = entry["name"].rstrip("/")
            if PurePosixPath(name).name.startswith(".") or name == place:
                continue
            if _is_folder(filesystem, entry):
                folders.append(name[base:])
            else:
                blobs.append(Blob(name[base:], entry.get("size")))
        return Listing(sorted(folders), sorted(blobs, key=lambda blob: blob.path))

    def blobs(self, container: str, prefix: str = "") -> Iterator[Blob]:
        """The files below a prefix at any depth: a folder's own files, then its folders'."""
        listing = self.listing(container, prefix)
        yield from listing.blobs
        for folder in listing.folders:
            yield from self.blobs(container, folder)

    @contextmanager
    def reading(self, container: str, path: str) -> Iterator[Path]:
        """A local file with a blob's bytes: the file itself where it is local, else a copy."""
        filesystem, place = self._open(container, path)
        if not filesystem.exists(place):
            raise StorageError(f"{container}/{path} is not there")
        if isinstance(filesystem, LocalFileSystem):
            yield Path(place)
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / PurePosixPath(path).name
            filesystem.get_file(place, str(copy))
            yield copy

    @contextmanager
    def writing(self, container: str, path: str) -> Iterator[Path]:
        """A local file to write; it becomes the blob, whole, when the block ends without an error.

        Locally it is renamed into place; an object store shows an upload only when it is complete.
        """
        filesystem, place = self._open(container, path)
        if isinstance(filesystem, LocalFileSystem):
            yield from _renamed(Path(place))
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / PurePosixPath(path).name
            yield copy
            filesystem.makedirs(filesystem._parent(place), exist_ok=True)
            filesystem.put_file(str(copy), place)

    def read_bytes(self, container: str, path: str) -> bytes:
        """A blob's bytes."""
        filesystem, place = self._open(container, path)
        return bytes(filesystem.cat_file(place))

    def write_bytes(self, container: str, path: str, content: bytes) -> None:
        """Writes a blob, whole or not at all."""
        with self.writing(container, path) as local:
            local.write_bytes(content)

    def _open(self, container: str, path: str) -> tuple[fsspec.AbstractFileSystem, str]:
        # The path is joined behind fsspec's back: in a URL it would read `::` and `?` as its own.
        self._check(container, path)
        filesystem, top = fsspec.url_to_fs(self.place(container))
        return filesystem, f"{str(top).rstrip('/')}/{path}".rstrip("/")

    def _check(self, container: str, path: str) -> None:
        for part in PurePosixPath(path).parts:
            if part in ("..", "/") or "\\" in part or "\0" in part:
                raise StorageError(f"{path!r} leaves container {container}")

    def _named(self, container: str, path: str) -> str:
        return f"{container}/{path} ({self.place(container)})".replace("/ (", " (")


def _is_folder(filesystem: fsspec.AbstractFileSystem, entry: dict[str, Any]) -> bool:
    if entry["type"] in ("directory", "file"):
        return bool(entry["type"] == "directory")
    # A link: what it leads to decides.
    return bool(filesystem.isdir(entry["name"]))


def _renamed(target: Path) -> Iterator[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    # In a folder of its own, under its own name: GDAL may put more files beside it, and names it in
    # messages. The dot keeps the folder out of every listing.
    folder = target.with_name(f".{uuid4().hex}")
    folder.mkdir()
    try:
        yield folder / target.name
        (folder / target.name).replace(target)
    finally:
        shutil.rmtree(folder)
