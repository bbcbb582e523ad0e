"""Short names for values that neither an address nor a browser's index should hold as they are."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

# What a key begins with; a value that begins so has a key as well.
MARK = "≡"
LONGEST_VALUE = 200
# The index of a dropdown is a plain object of the browser, whose `__proto__` every object has.
SPECIAL = "__proto__"


def value_key(value: str) -> str:
    """What stands for a value in addresses and dropdowns: itself, or a digest if long or odd."""
    usual = len(value) <= LONGEST_VALUE and not value.startswith(MARK)
    if usual and value.isprintable() and SPECIAL not in value.lower():
        return value
    return _digest(value)


@lru_cache(1024)
def _digest(value: str) -> str:
    return MARK + blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
