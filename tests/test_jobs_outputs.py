"""Outputs that count are whole: on full disks, beside killed writers, over odd things."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from jobs.cog import check_copy, write_bands
from jobs.collection import register_collection
from jobs.part_files import FOLDER, part_file
from jobs.raster.validation import validate
from jobs.stac import has_item
from jobs.stages import TaskError
from jobs.storage import Incomplete, Storage, StorageError
from settings import SOURCE
from tests.monitor import wait_for

PROFILE = {
    "dtype": "int16",
    "nodata": -9999,
    "crs": "EPSG:4326",
    "transform": Affine(0.001, 0, 30, 0, -0.001, 0),
}


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def bands(seed: int, pixels: int = 300) -> list[Any]:
    random = np.random.default_rng(seed)
    return [random.integers(0, 9999, (pixels, pixels), dtype=np.int16) for _ in range(2)]


def write(storage: Storage, seed: int) -> None:
    with storage.writing("out", "a/b.tif") as target:
        write_bands(target, bands(seed), ("one", "two"), PROFILE)


def refusal(storage: Storage) -> str:
    """What is told of another output in the same place, if it is not written."""
    try:
        write(storage, 2)
    except StorageError as error:
        return str(error)
    return ""


def content(storage: Storage) -> list[Any]:
    with rasterio.open(Path(storage.place("out")) / "a" / "b.tif") as raster:
        return [raster.read(band) for band in raster.indexes]


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if FOLDER in path.parts]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may become larger, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_at_every_size_of_a_disk_the_output_is_whole_or_the_one_before(
    storage: Storage, tmp_path: Path
) -> None:
    write(storage, 1)
    size = (Path(storage.place("out")) / "a" / "b.tif").stat().st_size
    refused = 0
    for limit in range(0, size + 8192, 4096):
        with largest_file(limit):
            message = refusal(storage)
        refused += bool(message)
        assert message.startswith("out/a/b.tif can't be" if message else "")
        assert np.array_equal(content(storage), bands(1 if message else 2)), limit
        assert leftovers(tmp_path) == []
        write(storage, 1)
    assert 0 < refused * 4096 < size + 8192


def test_a_small_file_on_a_full_disk_leaves_the_one_before(storage: Storage) -> None:
    storage.write_bytes("out", "item.json", b"before")
    for limit in range(64):
        with largest_file(limit), pytest.raises(StorageError, match=os.strerror(errno.EFBIG)):
            storage.write_bytes("out", "item.json", b"x" * 64)
    assert storage.read_bytes("out", "item.json") == b"before"


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.999])
@pytest.mark.parametrize("filler", [b"", b"\0"])
def test_a_copy_that_lost_a_part_is_told(tmp_path: Path, share: float, filler: bytes) -> None:
    write_bands(tmp_path / "whole.tif", bands(3, 700), ("one", "two"), PROFILE)
    whole = (tmp_path / "whole.tif").read_bytes()
    begun = whole[: int(share * len(whole))]
    (tmp_path / "part.tif").write_bytes(begun + filler * (len(whole) - len(begun)))
    with rasterio.open(tmp_path / "whole.tif") as source, pytest.raises(Incomplete):
        check_copy(source, tmp_path / "part.tif")


@pytest.mark.parametrize("level", [0, 1])
def test_a_copy_that_lost_a_part_of_an_overview_is_told(tmp_path: Path, level: int) -> None:
    path = tmp_path / "whole.tif"
    write_bands(path, bands(4, 1200), ("one", "two"), PROFILE)
    with rasterio.open(path) as raster:
        check_copy(raster, path)
        place, size = (
            int(raster.get_tag_item(f"BLOCK_{fact}_0_0", dm="TIFF", bidx=1, ovr=level))
            for fact in ("OFFSET", "SIZE")
        )
    content = bytearray(path.read_bytes())
    content[place : place + size] = bytes(size)
    (tmp_path / "part.tif").write_bytes(content)
    with (
        rasterio.open(path) as source,
        pytest.raises(Incomplete, match=f"overview {level + 1} can't be read"),
    ):
        check_copy(source, tmp_path / "part.tif")


def test_what_a_killed_writer_left_goes_with_the_next_one(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with writer(tmp_path / "out"):
        before = leftovers(tmp_path)
        storage.write_bytes("out", "other.json", b"{}")
        storage.remove_abandoned()
        assert leftovers(tmp_path) == before != []
    storage.write_bytes("out", "other.json", b"{}")
    assert leftovers(tmp_path) == []


def test_what_a_killed_writer_left_goes_when_a_runner_starts(
    storage: Storage, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    with writer(tmp_path / "out"):
        pass
    assert leftovers(tmp_path)
    storage.remove_abandoned()
    assert leftovers(tmp_path) == []


@contextmanager
def writer(top: Path) -> Iterator[None]:
    """A process in the middle of a file; killed afterwards."""
    script = f"""
        import time
        from pathlib import Path
        from jobs.part_files import part_file
        with part_file(Path({str(top)!r}), Path({str(top)!r}) / "a.tif") as part:
            part.write_text("half")
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    started = subprocess.Popen(command, cwd=SOURCE)
    try:
        wait_for(lambda: bool(list((top / FOLDER).glob("*/a.tif"))), 20)
        yield
    finally:
        started.kill()
        started.wait()


def write_many(top: Path, number: int) -> None:
    for turn in range(600):
        with part_file(top, top / f"{number}-{turn}") as part:
            part.write_text(str(turn))


def test_many_processes_do_not_take_each_others_files(tmp_path: Path) -> None:
    with ProcessPoolExecutor(5, get_context("spawn")) as pool:
        list(pool.map(write_many, [tmp_path] * 5, range(5)))
    assert len(list(tmp_path.iterdir())) == 3000


def test_a_folder_at_an_items_place_is_no_item(storage: Storage, tmp_path: Path) -> None:
    for name in ("empty", "half", "other", "list", "folder", "item"):
        (tmp_path / "out").mkdir(exist_ok=True)
        place = tmp_path / "out" / f"{name}.json"
        words = {"half": '{"type": "Feat', "other": "{}", "list": "[]", "item": ITEM}
        if name == "folder":
            place.mkdir()
        else:
            place.write_text(words.get(name, ""))
    names = ("empty", "half", "other", "list", "folder", "missing", "item")
    assert [name for name in names if has_item(storage, "out", f"{name}.tif")] == ["item"]


ITEM = json.dumps({"type": "Feature", "properties": {"datetime": "2020-01-01T00:00:00Z"}})


def test_half_an_item_is_told_with_its_place(storage: Storage) -> None:
    storage.write_bytes("out", "done/a.json", ITEM[:20].encode())
    with pytest.raises(TaskError, match=r"out/done/a\.json is no STAC item"):
        register_collection({"output_container": "out", "output_prefix": "done"}, storage)


def test_a_pipe_among_the_sources_is_told_and_not_waited_for(
    storage: Storage, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    os.mkfifo(tmp_path / "in" / "pipe.tif")
    write_bands(tmp_path / "in" / "good.tif", bands(1), ("one", "two"), PROFILE)
    found = validate({"source_container": "in", "prefix": ""}, storage)
    assert found["unreadable_files"] == {"pipe.tif": "in/pipe.tif is no regular file"}


def test_a_place_that_can_not_be_written_is_told(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match=r"out/a/b\.tif .*can't be written: "):
        write(storage, 1)
    (tmp_path / "out").unlink()
    (tmp_path / "out" / "a" / "b.tif").mkdir(parents=True)
    with pytest.raises(StorageError, match=os.strerror(errno.EISDIR)):
        write(storage, 1)
    assert leftovers(tmp_path) == []
