"""Inventory, stage 1: finds the folders of a container with FATHOM source files."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.fathom.naming import SourceFolder, parse_folder
from jobs.stages import Parameters, Result, TaskError
from jobs.storage import Storage

EXAMPLES = 5


def generate_prefixes(parameters: Parameters, storage: Storage) -> Result:
    """The folders to scan, each without its subfolders, and paths that don't follow the layout.

    Raises TaskError if there are no folders to scan.
    """
    foreign: list[str] = []
    base = parameters["base_prefix"].strip("/")
    prefixes = list(_scannable(parameters, storage, base, foreign))
    if not prefixes:
        container = parameters["source_container"]
        raise TaskError(
            f"{container}/{base} has no folder of FATHOM files that the filters let through; "
            "expected [region]/FLUVIAL_DEFENDED/2030/SSP2_4.5 and the like"
        )
    return {
        "prefixes": prefixes,
        "unrecognised": len(foreign),
        "unrecognised_examples": foreign[:EXAMPLES],
    }


def _scannable(
    parameters: Parameters, storage: Storage, path: str, foreign: list[str]
) -> Iterator[str]:
    """The folders with source files at or below a path; adds unrecognised paths to `foreign`."""
    folder = parse_folder(path)
    if folder is None and "/" in path:
        foreign.append(path)
        return
    if folder is not None and not _wanted(folder, parameters):
        return
    if folder is not None and folder.ssp:
        yield path
        return
    listing = storage.listing(parameters["source_container"], path)
    if folder is None or folder.year is None:
        foreign += [blob.path for blob in listing.blobs]
    elif listing.blobs and not parameters.get("ssp_scenarios"):
        yield path
    for below in listing.folders:
        yield from _scannable(parameters, storage, below, foreign)


def _wanted(folder: SourceFolder, parameters: Parameters) -> bool:
    filters = (
        (folder.flood_type, parameters.get("flood_types")),
        (folder.year, parameters.get("years")),
        (folder.ssp, parameters.get("ssp_scenarios")),
    )
    return all(not chosen or value is None or value in chosen for value, chosen in filters)
