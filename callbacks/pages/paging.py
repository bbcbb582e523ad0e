"""The page of a list that an address names."""

from __future__ import annotations

from collections.abc import Collection

from callbacks.addresses import Address
from layouts.links import PAGE, SORT
from layouts.lists import page_number
from layouts.tables import PAGE_SIZE
from queries.paging import Paging


def paging_of(address: Address, sorts: Collection[str]) -> Paging:
    """The page and sort order of an address; invalid parts are ignored."""
    sort = address.one(SORT)
    valid_sort = sort if sort.removeprefix("-") in sorts else ""
    return Paging(page_number(address.one(PAGE)), PAGE_SIZE, valid_sort)
