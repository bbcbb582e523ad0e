"""A collection of what there is: none where there is nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs.collection import register_collection
from jobs.storage import Storage

PARAMETERS = {"output_container": "silver", "output_prefix": "out", "collection_id": "some"}


@pytest.mark.parametrize("there", [None, "one.tif", "collection.json"])
@pytest.mark.parametrize("given", [{}, {"dry_run": True}])
def test_without_items_there_is_no_collection(
    tmp_path: Path, there: str | None, given: dict[str, Any]
) -> None:
    storage = Storage(str(tmp_path))
    if there is not None:
        storage.write_bytes("silver", f"out/{there}", b"{}")
    result = register_collection({**PARAMETERS, **given}, storage)
    assert result == {"items": 0, "collection": None}
    assert there == "collection.json" or not storage.exists("silver", "out/collection.json")
