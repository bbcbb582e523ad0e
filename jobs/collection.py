"""STAC collections: rebuilt from the items below a prefix."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pystac

from jobs.stac import collection_path, is_item
from jobs.stages import Job, Parameters, Result, TaskError
from jobs.storage import Storage

WORLD = [-180.0, -90.0, 180.0, 90.0]


def place_of_collection(job: Job) -> str:
    """The lock of a stage that writes a collection: the collection's path."""
    return (
        f"{job.parameters['output_container']}/{collection_path(job.parameters['output_prefix'])}"
    )


def register_collection(parameters: Parameters, storage: Storage) -> Result:
    """Writes `collection.json` for all items below the output prefix, if there are any.

    Raises TaskError for a JSON file that is not a STAC item.
    """
    container, prefix = parameters["output_container"], parameters["output_prefix"]
    if parameters.get("dry_run") or not storage.exists(container, prefix):
        return {"items": 0, "collection": None}
    path = collection_path(prefix)
    paths = [blob.path for blob in storage.blobs(container, prefix) if _is_item(blob.path, path)]
    if not paths:
        return {"items": 0, "collection": None}
    items = [_item(storage, container, item) for item in paths]
    collection = _collection(parameters["collection_id"], items)
    for item in paths:
        href = f"./{posixpath.relpath(item, posixpath.dirname(path))}"
        collection.add_link(pystac.Link("item", href, pystac.MediaType.GEOJSON))
    content = collection.to_dict(include_self_link=False, transform_hrefs=False)
    storage.write_bytes(container, path, json.dumps(content, indent=1).encode())
    return {"items": len(paths), "collection": path}


def _item(storage: Storage, container: str, path: str) -> dict[str, Any]:
    content = storage.read_bytes(container, path)
    if not is_item(content):
        raise TaskError(
            f"{container}/{path} is no STAC item; remove it and run this job again, or run what "
            "wrote it again with force_reprocess"
        )
    item: dict[str, Any] = json.loads(content)
    return item


def _is_item(path: str, collection: str) -> bool:
    return path.endswith(".json") and path != collection


def _collection(collection_id: str, items: Sequence[dict[str, Any]]) -> pystac.Collection:
    timestamps = [datetime.fromisoformat(item["properties"]["datetime"]) for item in items]
    boxes = [item["bbox"] for item in items if item.get("bbox")]
    extent = pystac.Extent(
        pystac.SpatialExtent([_union(boxes)]),
        pystac.TemporalExtent([[min(timestamps), max(timestamps)]]),
    )
    return pystac.Collection(
        collection_id, f"Outputs of Pipeline Monitor: {collection_id}", extent, license="other"
    )


def _union(boxes: Sequence[Sequence[float]]) -> list[float]:
    """The box around all boxes; the whole world if there are none."""
    if not boxes:
        return WORLD
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]
