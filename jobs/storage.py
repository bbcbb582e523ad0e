"""Containers of files: folders of one root, or any place that fsspec reaches."""

from __future__ import annotations

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


class StorageError(MonitorError):
    """A place can't be read or written: the message names it and says what to check."""


class Incomplete(Exception):
    """What was written is not what is there now: the message says what differs."""


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
        if not filesystem.isfile(place):
            # A pipe or a device would be waited for.
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
        """A local file to write; it becomes the blob, whole, when the block ends without an error.

        Locally it is flushed and renamed into place; an object store shows an upload only when it
        is complete. Raises StorageError with the cause; what was there before is there still.
        """
        filesystem, place = self._open(container, path)
        with _storage_errors(f"{self._named(container, path)} can't be written"):
            if isinstance(filesystem, LocalFileSystem):
                top = self._open(container, "")[1]
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
        """Writes a blob, whole or not at all. Raises StorageError."""
        with self.writing(container, path) as local:
            local.write_bytes(content)
            if local.read_bytes() != content:
                raise Incomplete("what was written is not what is there")

    def remove_abandoned(self) -> None:
        """Removes what killed writers left in local containers, where nobody can still write it."""
        root = Path(self.root)
        folders = [root / entry.name for entry in root.iterdir()] if root.is_dir() else []
        for top in [*folders, *map(Path, self.places.values())]:
            with suppress(OSError):
                remove_abandoned_below(top)

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


@contextmanager
def _storage_errors(what: str) -> Iterator[None]:
    """Turns what the system refuses into a StorageError that begins with `what`."""
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
