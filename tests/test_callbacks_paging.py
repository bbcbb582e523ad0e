"""The page of a list that an address names."""

from __future__ import annotations

import pytest

from callbacks.addresses import read_address
from callbacks.pages.paging import paging_of
from layouts.tables import PAGE_SIZE
from queries.paging import Paging


@pytest.mark.parametrize(
    ("search", "page", "sort"),
    [
        ("", 1, ""),
        ("?page=3&sort=files", 3, "files"),
        ("?sort=-files", 1, "-files"),
        ("?sort=files-", 1, ""),
        ("?sort=--files", 1, ""),
        ("?sort=size&page=0", 1, ""),
        ("?sort=-", 1, ""),
    ],
)
def test_what_an_address_says_wrongly_is_ignored(search: str, page: int, sort: str) -> None:
    paging = paging_of(read_address("/", search), ("files", "bytes"))
    assert paging == Paging(page, PAGE_SIZE, sort)
