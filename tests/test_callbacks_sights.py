"""What an address asks for."""

from __future__ import annotations

import pytest

from callbacks.sights import Address, read_address
from layouts.links import MONITOR, PIPELINE, SELECTOR


@pytest.mark.parametrize(
    ("pathname", "search", "address"),
    [
        (SELECTOR, "", Address()),
        (None, None, Address()),
        (PIPELINE, "?type=fathom", Address(pipeline="fathom")),
        (SELECTOR, "?type=a%26b", Address(pipeline="a&b")),
        (PIPELINE, "?type=", Address()),
        (MONITOR, "?job_id=abc&type=fathom", Address(job_id="abc")),
        (MONITOR, "", Address(job_id="")),
    ],
)
def test_an_address_says_what_is_asked_for(
    pathname: str | None, search: str | None, address: Address
) -> None:
    assert read_address(pathname, search) == address
