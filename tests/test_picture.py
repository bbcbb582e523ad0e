"""The README's picture, which `make picture` films."""

from __future__ import annotations

from PIL import Image

from settings import SOURCE
from tests.film import STEPS, eased
from tests.picture import HEIGHT, TARGET, WIDTH


def test_the_picture_of_the_readme_moves_and_is_soon_loaded() -> None:
    named = str(TARGET.relative_to(SOURCE))
    assert f"({named})" in (SOURCE / "README.md").read_text(encoding="utf-8")
    with Image.open(TARGET) as picture:
        assert picture.size == (WIDTH, HEIGHT)
        assert getattr(picture, "n_frames", 1) > 60
    assert TARGET.stat().st_size < 3_000_000


def test_a_movement_ends_where_it_should() -> None:
    parts = eased()
    assert (len(parts), parts[-1]) == (STEPS, 1)
    assert parts == sorted(parts)
