"""Static STAC items: one beside each COG, with relative links and named bands."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pystac

from jobs.storage import Storage, StorageError

COLLECTION_FILE = "collection.json"


@dataclass(frozen=True)
class Description:
    """What an item says about a raster.

    `bounds` is west, south, east, north in degrees; None if the location is unknown. `bands` are
    STAC bands: each has a name, and other fields if known.
    """

    item_id: str
    collection_id: str
    bounds: tuple[float, float, float, float] | None
    timestamp: datetime
    properties: Mapping[str, Any]
    bands: Sequence[Mapping[str, Any]]


def item_path(raster_path: str) -> str:
    """Path of the item beside a raster."""
    return f"{raster_path.removesuffix('.tif')}.json"


def collection_path(prefix: str) -> str:
    """Path of the collection of all items below a prefix."""
    return posixpath.join(prefix.strip("/"), COLLECTION_FILE)


def has_item(storage: Storage, container: str, raster_path: str) -> bool:
    """Whether a raster's item exists and is valid, not a folder or an incomplete file."""
    path = item_path(raster_path)
    if not storage.exists(container, path):
        return False
    try:
        return is_item(storage.read_bytes(container, path))
    except StorageError:
        return False


def is_item(content: bytes) -> bool:
    """Whether the bytes are a STAC item."""
    try:
        item = json.loads(content)
    except ValueError:
        return False
    return isinstance(item, dict) and item.get("type") == "Feature"


def write_item(
    storage: Storage, container: str, raster_path: str, prefix: str, raster: Description
) -> str:
    """Writes a raster's item, with links to the collection of `prefix`. Returns its path."""
    path = item_path(raster_path)
    item = pystac.Item(
        raster.item_id,
        geometry=_rectangle(raster.bounds) if raster.bounds else None,
        bbox=list(raster.bounds) if raster.bounds else None,
        datetime=raster.timestamp,
        properties=dict(raster.properties),
        collection=raster.collection_id,
    )
    item.add_asset("raster", _asset(posixpath.basename(raster_path), raster.bands))
    collection = posixpath.relpath(collection_path(prefix), posixpath.dirname(path) or ".")
    for relation in ("root", "parent", "collection"):
        item.add_link(pystac.Link(relation, collection, pystac.MediaType.JSON))
    content = item.to_dict(include_self_link=False, transform_hrefs=False)
    storage.write_bytes(container, path, json.dumps(content, indent=1).encode())
    return path


def _asset(name: str, bands: Sequence[Mapping[str, Any]]) -> pystac.Asset:
    return pystac.Asset(
        f"./{name}",
        media_type=pystac.MediaType.COG,
        roles=["data"],
        extra_fields={"bands": [dict(band) for band in bands]},
    )


def _rectangle(bounds: tuple[float, float, float, float]) -> dict[str, Any]:
    west, south, east, north = bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
