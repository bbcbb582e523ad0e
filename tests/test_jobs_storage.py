from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from jobs.storage import Storage, StorageError


@pytest.fixture(params=["folder", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return Storage(str(tmp_path) if request.param == "folder" else f"memory://{uuid4().hex}")


def paths(storage: Storage, container: str, prefix: str = "") -> list[str]:
    return [blob.path for blob in storage.blobs(container, prefix)]


def test_what_was_written_is_read_and_listed_with_its_size(storage: Storage) -> None:
    storage.write_bytes("bronze", "a/b/c.txt", b"12345")
    assert storage.read_bytes("bronze", "a/b/c.txt") == b"12345"
    assert [(blob.path, blob.size) for blob in storage.blobs("bronze")] == [("a/b/c.txt", 5)]


def test_a_listing_has_the_folders_and_files_right_below(storage: Storage) -> None:
    for path in ("a/2.txt", "a/1.txt", "a/b/3.txt", "c/4.txt"):
        storage.write_bytes("bronze", path, b"")
    listing = storage.listing("bronze", "a")
    assert listing.folders == ["a/b"]
    assert [blob.path for blob in listing.blobs] == ["a/1.txt", "a/2.txt"]


def test_a_reader_gets_a_local_file(storage: Storage) -> None:
    storage.write_bytes("bronze", "a/b.txt", b"bytes")
    with storage.reading("bronze", "a/b.txt") as file:
        assert (file.name, file.read_bytes()) == ("b.txt", b"bytes")


def fail_to_write(storage: Storage, path: str) -> None:
    with storage.writing("silver", path) as file:
        file.write_bytes(b"half")
        raise ValueError("in the middle")


def test_a_write_that_fails_leaves_nothing(storage: Storage) -> None:
    storage.write_bytes("silver", "a/old.txt", b"old")
    with pytest.raises(ValueError, match="in the middle"):
        fail_to_write(storage, "a/old.txt")
    assert storage.read_bytes("silver", "a/old.txt") == b"old"
    assert paths(storage, "silver") == ["a/old.txt"]


def test_a_place_that_is_not_there_is_named(storage: Storage) -> None:
    with pytest.raises(StorageError, match=r"bronze/nowhere is not there"):
        storage.listing("bronze", "nowhere")
    with pytest.raises(StorageError, match=r"bronze/x.tif is not there"):
        storage.reading("bronze", "x.tif").__enter__()


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a\\..\\x", "a\0b"])
def test_a_path_does_not_leave_its_container(storage: Storage, path: str) -> None:
    with pytest.raises(StorageError, match="leaves container"):
        storage.exists("bronze", path)


@pytest.mark.parametrize("container", ["", "..", ".", "a/b", "a\\b", "s3://x", "a:b", "a\0"])
def test_a_container_is_a_plain_name(storage: Storage, container: str) -> None:
    with pytest.raises(StorageError, match="not a valid container name"):
        storage.listing(container)


def test_a_named_container_lies_in_a_place_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x.txt").write_text("mine")
    storage = Storage(str(tmp_path / "data"), {"bronze": str(tmp_path / "mine")})
    assert storage.read_bytes("bronze", "x.txt") == b"mine"


def test_a_name_with_url_characters_is_a_name_and_no_url(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    for name in ("a::b.txt", "c?d#e.txt", "ü %20.txt"):
        storage.write_bytes("bronze", name, name.encode())
    assert sorted(paths(storage, "bronze")) == ["a::b.txt", "c?d#e.txt", "ü %20.txt"]


def test_hidden_files_are_not_listed(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    storage.write_bytes("bronze", "seen.txt", b"")
    (tmp_path / "bronze" / ".sample.json").write_text("{}")
    assert paths(storage, "bronze") == ["seen.txt"]


def test_linked_folders_and_files_are_followed(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    storage.write_bytes("elsewhere", "folder/x.txt", b"123")
    (tmp_path / "bronze").mkdir()
    (tmp_path / "bronze" / "linked").symlink_to(tmp_path / "elsewhere" / "folder")
    (tmp_path / "bronze" / "y.txt").symlink_to(tmp_path / "elsewhere" / "folder" / "x.txt")
    assert sorted(paths(storage, "bronze")) == ["linked/x.txt", "y.txt"]
