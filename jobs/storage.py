"""Containers of files: folders of one root, or any place that fsspec reaches."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
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
class Storage:
    """Where containers are: `places` by name, all others as folders of `root`. Sent to workers."""

    root: str
    places: Mapping[str, str] = field(default_factory=dict)

    def url(self, container: str, path: str = "") -> str:
        """Folder or URL of a blob. Raises StorageError for a path that leaves its container."""
        for part in (container, *PurePosixPath(path).parts):
            if part in ("..", "/") or "\\" in part or "\0" in part:
                raise StorageError(f"{container}/{path} leaves the container")
        if not container or "/" in container or ":" in container:
            raise StorageError(f"{container!r} is no container's name")
        place = self.places.get(container) or f"{self.root.rstrip('/')}/{container}"
        return f"{place.rstrip('/')}/{path}" if path else place

    def exists(self, container: str, path: str = "") -> bool:
        """Whether a blob, a folder or the container is there."""
        filesystem, place = self._open(container, path)
        return bool(filesystem.exists(place))

    def folders(self, container: str, prefix: str = "") -> list[str]:
        """Paths of the folders right below a prefix, sorted."""
        return sorted(path for path, kind, _ in self._entries(container, prefix) if kind != "file")

    def blobs(self, container: str, prefix: str = "") -> Iterator[Blob]:
        """The files below a prefix, folder by folder, each folder sorted by path."""
        entries = sorted(self._entries(container, prefix))
        for path, kind, size in entries:
            if kind == "file":
                yield Blob(path, size)
            else:
                yield from self.blobs(container, path)

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
        filesystem, place = fsspec.url_to_fs(self.url(container, path))
        return filesystem, str(place)

    def _entries(self, container: str, prefix: str) -> list[tuple[str, str, int | None]]:
        filesystem, top = self._open(container, "")
        place = self._open(container, prefix)[1]
        try:
            listed = filesystem.ls(place, detail=True, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            raise StorageError(
                f"{container}/{prefix} is not there; looked in {self.url(container, prefix)}"
            ) from None
        base = len(top.rstrip("/")) + 1
        return [
            (entry["name"].rstrip("/")[base:], entry["type"], entry.get("size"))
            for entry in listed
            if not PurePosixPath(entry["name"]).name.startswith(".")
        ]


def _renamed(target: Path) -> Iterator[Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    # Same suffix, as GDAL looks at it; a leading dot keeps it out of every listing.
    temporary = target.with_name(f".{uuid4().hex}-{target.name}")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        for left in (temporary, temporary.with_name(temporary.name + ".aux.xml")):
            with suppress(FileNotFoundError):
                left.unlink()
