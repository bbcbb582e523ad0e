from __future__ import annotations

import pytest

from jobs.fathom.naming import (
    RETURN_PERIODS,
    Scenario,
    corner,
    grid_cell,
    item_id,
    merged_path,
    parse_folder,
    parse_path,
    stacked_path,
    tile_bounds,
)
from jobs.fathom.sample_files import portions
from jobs.fathom.scope import intersecting

PATH = "rwa/FLUVIAL_DEFENDED/2030/SSP2_4.5/1in100-FLUVIAL-DEFENDED-2030-SSP2_4.5_s02e029.tif"


def test_a_path_becomes_source_metadata() -> None:
    name = parse_path(PATH)
    assert name is not None
    assert name.source_metadata(5) == {
        "region": "rwa",
        "flood_type": "fluvial",
        "defense": "defended",
        "year": 2030,
        "ssp": "ssp245",
        "return_period": "1in100",
        "tile": "s02e029",
        "grid_cell": "s05-n00_e025-e030",
    }


def test_2020_has_no_ssp_and_a_container_of_one_region_no_region() -> None:
    name = parse_path("COASTAL_UNDEFENDED/2020/1in5-COASTAL-UNDEFENDED-2020_n05w004.tif")
    assert name is not None
    assert (name.region, name.scenario) == (None, Scenario("coastal", "undefended", 2020, None))


def test_a_region_is_stored_in_lower_case() -> None:
    name = parse_path(PATH.replace("rwa", "RWA"))
    assert name is not None
    assert name.region == "rwa"


@pytest.mark.parametrize(
    "path",
    [
        "rwa/README.txt",
        PATH.replace("1in100", "1in7"),
        PATH.replace("2030-SSP2", "2050-SSP2"),
        PATH.replace("/SSP2_4.5/", "/SSP1_2.6/"),
        PATH.replace("/SSP2_4.5/", "/"),
        PATH.replace("s02e029", "s91e029"),
        PATH.replace("s02e029", "s02e180"),
        PATH.replace("rwa", "a/b"),
        PATH.replace("rwa", "r\nwa"),
        PATH.replace("rwa", "r" * 500),
        PATH + ".aux.xml",
    ],
)
def test_another_layout_is_not_recognised(path: str) -> None:
    assert parse_path(path) is None


def test_every_path_of_the_sample_is_recognised_as_what_it_was_made_of() -> None:
    for portion in portions():
        for scenario in portion.scenarios:
            file = scenario.file_name(RETURN_PERIODS[0], portion.tile)
            name = parse_path(f"{portion.region}/{scenario.folder}/{file}")
            assert name is not None
            assert (name.region, name.scenario, name.tile) == (
                portion.region,
                scenario,
                portion.tile,
            )


def test_folders_are_understood_as_deep_as_they_go() -> None:
    depths = [
        "rwa",
        "rwa/FLUVIAL_DEFENDED",
        "FLUVIAL_DEFENDED/2030",
        "rwa/FLUVIAL_DEFENDED/2030/x",
    ]
    folders = [parse_folder(path) for path in depths]
    assert [folder and folder.year for folder in folders] == [None, None, 2030, None]
    assert [folder is None for folder in folders] == [True, False, False, True]


def test_group_keys_are_the_platforms() -> None:
    scenario = Scenario("fluvial", "defended", 2030, "ssp245")
    assert scenario.phase1_group_key("s02e029") == "s02e029_fluvial-defended_2030_ssp245"
    assert (
        scenario.phase2_group_key("s04-n00_e028-e032")
        == "fluvial-defended-2030-ssp245-s04-n00_e028-e032"
    )
    assert Scenario("pluvial", "defended", 2020, None).phase1_group_key("n00e000") == (
        "n00e000_pluvial-defended_2020"
    )


def test_a_tile_is_named_by_its_south_west_corner() -> None:
    assert corner("s02e029") == (-2, 29)
    assert tile_bounds("n05w004") == (-4, 5, -3, 6)


@pytest.mark.parametrize(
    ("tile", "size", "cell"),
    [
        ("n04w006", 5, "n00-n05_w010-w005"),
        ("s02e029", 4, "s04-n00_e028-e032"),
        ("s01w001", 1, "s01-n00_w001-e000"),
        ("n00e000", 3, "n00-n03_e000-e003"),
        ("s90w180", 30, "s90-s60_w180-w150"),
    ],
)
def test_a_grid_cell_is_floored_to_multiples_of_its_size(tile: str, size: int, cell: str) -> None:
    assert grid_cell(tile, size) == cell


def test_outputs_lie_where_the_platform_puts_them() -> None:
    assert (
        stacked_path("fathom-stacked", "rwa", "s02e029", "k") == "fathom-stacked/rwa/s02e029/k.tif"
    )
    assert merged_path("fathom", "rwa", "k") == "fathom/rwa/k.tif"
    assert merged_path("fathom", None, "k") == "fathom/k.tif"


def test_items_of_two_regions_have_ids_of_their_own() -> None:
    assert item_id("rwa", "k") != item_id("uga", "k")


# The tile s02e029 is from 29 to 30 degrees east and from 2 to 1 degrees south.
@pytest.mark.parametrize(
    ("bbox", "found"),
    [
        ([30, -2, 31, -1], False),
        ([28, -2, 29, -1], False),
        ([29, -1, 30, 0], False),
        ([29, -3, 30, -2], False),
        ([29.9, -1.1, 31, 0], True),
        ([28, -3, 29.1, -1.9], True),
        ([29.4, -1.6, 29.6, -1.4], True),
        (None, True),
    ],
)
def test_a_tile_that_a_box_only_touches_is_not_in_it(bbox: list[float] | None, found: bool) -> None:
    assert intersecting(["s02e029"], bbox) == (["s02e029"] if found else [])
