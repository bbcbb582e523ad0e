"""The outputs of both phases: COGs with one band per return period, and their STAC items."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rasterio.coords import BoundingBox

from jobs.fathom.naming import DTYPE, NODATA, RETURN_PERIODS, SCENARIO_KEYS, item_id
from jobs.stac import Description, has_item, item_path, write_item
from jobs.stages import Parameters
from jobs.storage import Storage


def task_parameters(parameters: Parameters, output_path: str) -> Parameters:
    """The job parameters that tasks of both phases need, and the path of their output."""
    keys = ("region_code", "source_container", "output_container", "output_prefix", "collection_id")
    return {
        **{key: parameters[key] for key in keys},
        "skip_existing_stac": bool(parameters.get("skip_existing_stac", True)),
        "output_path": output_path,
    }


def write_group_item(
    parameters: Parameters, group: dict[str, Any], bounds: BoundingBox, storage: Storage
) -> str:
    """Writes the STAC item of a task's output, or keeps an existing one. Returns its path."""
    container, path = parameters["output_container"], parameters["output_path"]
    if parameters["skip_existing_stac"] and has_item(storage, container, path):
        return item_path(path)
    bands = [
        {"name": period, "data_type": DTYPE, "nodata": NODATA, "unit": "cm"}
        for period in RETURN_PERIODS
    ]
    description = Description(
        item_id(group["region"], group["output_name"]),
        parameters["collection_id"],
        (bounds.left, bounds.bottom, bounds.right, bounds.top),
        datetime(group["year"], 1, 1, tzinfo=UTC),
        {f"fathom:{key}": group[key] for key in ("region", *SCENARIO_KEYS)},
        bands,
    )
    return write_item(storage, container, path, parameters["output_prefix"], description)
